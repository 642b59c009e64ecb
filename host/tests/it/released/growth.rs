//! Whether one version of a WIT package holds all of another, unchanged.

use std::collections::BTreeMap;
use std::path::Path;

use wit_parser::{Function, PackageId, Resolve, Type, TypeDefKind, TypeId, WorldItem, WorldKey};

/// Each thing of a package by its name, as text in which nothing is left out but comments: `record task` of `crowd` with its fields in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Surface(BTreeMap<String, String>);

impl Surface {
    /// Of the `.wit` files in a folder.
    pub fn of_folder(folder: &Path) -> Self {
        let mut resolve = Resolve::default();
        let (package, _) = resolve.push_dir(folder).unwrap();
        Self::of(&resolve, package)
    }

    /// Of a package in one text.
    pub fn of_text(text: &str) -> Self {
        let mut resolve = Resolve::default();
        let package = resolve.push_str("text.wit", text).unwrap();
        Self::of(&resolve, package)
    }

    fn of(resolve: &Resolve, package: PackageId) -> Self {
        let mut things = BTreeMap::new();
        let package = &resolve.packages[package];
        things.insert("package".to_owned(), package.name.to_string());
        for (name, &interface) in &package.interfaces {
            let interface = &resolve.interfaces[interface];
            things.insert(format!("interface {name}"), String::new());
            for (of, &id) in &interface.types {
                let (kind, definition) = definition(resolve, id);
                things.insert(format!("{kind} {of} of {name}"), definition);
            }
            for (of, function) in &interface.functions {
                things.insert(format!("func {of} of {name}"), signature(resolve, function));
            }
        }
        for (name, &world) in &package.worlds {
            let world = &resolve.worlds[world];
            for (way, items) in [("import", &world.imports), ("export", &world.exports)] {
                for (key, item) in items {
                    let (of, text) = world_item(resolve, key, item);
                    things.insert(format!("{way} {of} of world {name}"), text);
                }
            }
        }
        Self(things)
    }

    /// What is not there any more or has changed since `released`, and what a plugin would have to export besides; a line each.
    pub fn breaks(&self, released: &Self) -> Vec<String> {
        let mut lines = Vec::new();
        for (thing, text) in &released.0 {
            match self.0.get(thing) {
                None => lines.push(format!("`{thing}` is gone")),
                Some(now) if now != text => lines.push(format!("`{thing}` was `{text}` and is `{now}`")),
                Some(_) => {}
            }
        }
        // A component that was built before does not have it.
        let new = self.0.keys().filter(|thing| thing.starts_with("export ") && !released.0.contains_key(*thing));
        lines.extend(new.map(|thing| format!("`{thing}` is asked of plugins that do not have it")));
        lines
    }
}

fn world_item(resolve: &Resolve, key: &WorldKey, item: &WorldItem) -> (String, String) {
    let name = resolve.name_world_key(key);
    match item {
        WorldItem::Interface { .. } => (format!("interface {name}"), String::new()),
        WorldItem::Function(function) => (format!("func {name}"), signature(resolve, function)),
        WorldItem::Type { id, .. } => (format!("type {name}"), definition(resolve, *id).1),
    }
}

fn signature(resolve: &Resolve, function: &Function) -> String {
    let parameters: Vec<String> = function.params.iter().map(|of| format!("{}: {}", of.name, named(resolve, of.ty))).collect();
    let kind = &function.kind;
    format!("{kind:?}({}) -> {}", parameters.join(", "), optional(resolve, function.result))
}

fn optional(resolve: &Resolve, of: Option<Type>) -> String {
    of.map_or_else(|| "_".to_owned(), |of| named(resolve, of))
}

/// A type as one refers to it: by its name, where it has one.
fn named(resolve: &Resolve, of: Type) -> String {
    match of {
        Type::Id(id) => resolve.types[id].name.clone().unwrap_or_else(|| definition(resolve, id).1),
        plain => format!("{plain:?}").to_lowercase(),
    }
}

/// What a type is, and all of it.
fn definition(resolve: &Resolve, id: TypeId) -> (&'static str, String) {
    let of = |of: Type| named(resolve, of);
    let kind = &resolve.types[id].kind;
    let text = match kind {
        TypeDefKind::Record(record) => {
            record.fields.iter().map(|field| format!("{}: {}", field.name, of(field.ty))).collect::<Vec<_>>().join(", ")
        }
        TypeDefKind::Variant(variant) => {
            variant.cases.iter().map(|case| format!("{}({})", case.name, optional(resolve, case.ty))).collect::<Vec<_>>().join(", ")
        }
        TypeDefKind::Enum(cases) => cases.cases.iter().map(|case| case.name.clone()).collect::<Vec<_>>().join(", "),
        TypeDefKind::Flags(flags) => flags.flags.iter().map(|flag| flag.name.clone()).collect::<Vec<_>>().join(", "),
        TypeDefKind::Tuple(tuple) => tuple.types.iter().map(|part| of(*part)).collect::<Vec<_>>().join(", "),
        TypeDefKind::Option(inner) => format!("option<{}>", of(*inner)),
        TypeDefKind::List(inner) => format!("list<{}>", of(*inner)),
        TypeDefKind::Result(result) => format!("result<{}, {}>", optional(resolve, result.ok), optional(resolve, result.err)),
        TypeDefKind::Type(alias) => of(*alias),
        other => panic!("the package has no {} so far: say here what is all of one", other.as_str()),
    };
    (kind.as_str(), text)
}
