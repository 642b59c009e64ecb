use super::*;

#[test]
fn every_example_is_built_here() {
    let missing: Vec<String> = folders(&root()).into_iter().filter(|name| !list::ALL.iter().any(|example| example.name == name)).collect();
    assert!(missing.is_empty(), "not in `examples/list.rs`: {}", missing.join(", "));
}

#[test]
fn every_example_is_built_as_its_readme_says() {
    for example in list::ALL {
        let readme = std::fs::read_to_string(root().join(FOLDER).join(example.name).join("README.md")).unwrap();
        for command in example.build {
            assert!(readme.contains(command), "the README of `{}` does not say `{command}`", example.name);
        }
        let test = format!("crowdhook plugin test {} --component {}", example.cases, example.component);
        assert!(readme.contains(&test), "the README of `{}` does not say `{test}`", example.name);
    }
}
