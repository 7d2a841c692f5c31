//! Shapes → codecs and schemas: every `fixtures/codec/<case>.json` against its snapshot. What is
//! made of them is left in `target/codec-fixtures`, where the tests of the npm package run it.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use serde_json::{Value, json};

use super::{super::schema, generate};
use crate::model::shape::Shapes;

#[test]
fn every_fixture_gives_its_snapshot() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let kept = root.join("target/codec-fixtures");
    let _ = fs::remove_dir_all(&kept);
    let mut cases: Vec<_> = fs::read_dir(root.join("fixtures/codec"))
        .expect("fixtures")
        .map(|entry| entry.expect("entry").path())
        .collect();
    cases.sort();
    for case in cases {
        let name = case.file_stem().expect("name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&case).expect("readable");
        let mut value: Value = serde_json::from_str(&text).expect("JSON");
        number(&mut value);
        let shapes: Shapes = serde_json::from_value(value).expect("shapes");
        let routes: Vec<String> = shapes.routes.keys().cloned().collect();
        let modules = BTreeMap::from([("api/main".to_owned(), routes)]);
        let mut outputs = generate(&shapes, &modules);
        outputs.extend(schema::generate(&shapes, &modules));
        let mut shown = String::new();
        for output in outputs {
            let path = kept.join(&name).join(&output.path);
            fs::create_dir_all(path.parent().expect("folder")).expect("made");
            fs::write(&path, &output.text).expect("written");
            let _ = writeln!(shown, "━━ {} ━━\n{}", output.path, output.text);
        }
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root.join("snapshots/codec"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), shown));
    }
}

/// Ids and tags in the order of the source, where the fixture gives none.
fn number(value: &mut Value) {
    for object in value["objects"].as_object_mut().into_iter().flat_map(|o| o.values_mut()) {
        let mut next = 0;
        for field in object["fields"].as_array_mut().expect("fields") {
            if field.get("id").is_some() {
                continue;
            }
            if field["shape"].get("union").is_some() {
                next += 1;
            }
            let mut id = json!({ "value": next });
            next += 1;
            if field["null"] == json!(true) || field["undefined"] == json!(true) {
                id["state"] = next.into();
                next += 1;
            }
            field["id"] = id;
        }
        if let Some(rest) = object.get_mut("rest") {
            rest["id"] = json!({ "value": next });
        }
    }
    for union in value["unions"].as_object_mut().into_iter().flat_map(|u| u.values_mut()) {
        for (i, member) in union["members"].as_array_mut().expect("members").iter_mut().enumerate()
        {
            if member.get("tag").is_none() {
                member["tag"] = (i + 1).into();
            }
        }
    }
}
