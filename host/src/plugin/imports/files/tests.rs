use super::{CONTENT_BYTES_MAX, Failure, PATH_BYTES_MAX, check_path, check_size};

#[test]
fn ordinary_paths_are_taken() {
    let longest = "x".repeat(PATH_BYTES_MAX);
    for path in ["a.csv", "2026/11/task-7.json", "Vögel und Käfer/größe.txt", "a..b", "a.b.c", "console.txt", "com.txt", "lpt10", &longest]
    {
        assert_eq!(check_path(path).ok(), Some(()), "{path}");
    }
}

#[test]
fn every_way_out_of_a_folder_is_refused() {
    let tricks = [
        "",
        "/",
        "/etc/passwd",
        "//host/share",
        "..",
        "../a",
        "a/..",
        "a/../b",
        "a/../../b",
        "./a",
        ".",
        "a/./b",
        "a//b",
        "a/",
        ".bashrc",
        "a/.git/config",
        "...",
        "..\\a",
        "a\\..\\b",
        "\\\\host\\share",
        "C:\\a",
        "C:a",
        "c:/a",
        "a:stream",
        "file:///etc/passwd",
        "a\0b",
        "a\nb",
        "a\rb",
        "\u{7f}",
        "a\u{85}b",
        "con",
        "CON",
        "con.txt",
        "nul.tar.gz",
        "a/Aux/b",
        "COM1",
        "com9.csv",
        "LPT¹",
        "lpt0.x",
        "NUL .txt",
        "a.",
        "a ",
        "a./b",
        "a /b",
        "a*",
        "a?",
        "a|b",
        "<a>",
        "a\"b",
        "conin$",
    ];
    for path in tricks {
        let said = check_path(path).unwrap_err();
        let Failure::Invalid(why) = &said else { panic!("{path:?}: {said:?}") };
        assert!(why.starts_with("`path` ") && why.contains("give names with `/` between them"), "{why}");
    }
}

/// They are ordinary letters in a name; what they would stand for elsewhere is not what they are here.
#[test]
fn encoded_ways_out_stay_names() {
    for path in ["%2e%2e%2fa", "%2e%2e/a", "..%2fa"] {
        let out_by_its_dots = path.starts_with("..");
        assert_eq!(check_path(path).is_ok(), !out_by_its_dots, "{path}");
    }
}

#[test]
fn what_is_too_long_is_told_the_limit() {
    let said = check_path(&"x".repeat(PATH_BYTES_MAX + 1)).unwrap_err();
    assert!(matches!(&said, Failure::OverLimit(why) if why == "`path` has 201 bytes, and may have 200"), "{said:?}");
    let said = check_size("`content`", CONTENT_BYTES_MAX + 1, CONTENT_BYTES_MAX).unwrap_err();
    assert!(matches!(&said, Failure::OverLimit(why) if why == "`content` has 4194305 bytes, and may have 4194304"), "{said:?}");
}
