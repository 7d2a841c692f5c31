//! How long an isolate takes from nothing to its first answer, for an application of 100 KB.

use std::{fmt::Write as _, fs, path::Path, rc::Rc, sync::Arc, time::Instant};

use kontract_runtime::engine::{EngineConfig, isolate::Isolate, modules};

#[allow(clippy::print_stdout, reason = "it is what the example is for")]
fn main() -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("kontract-cold-start-{}", std::process::id()));
    write(&folder.join("dist/server")).map_err(|error| error.to_string())?;
    let config = EngineConfig::default();
    let bundle = modules::prepare(&folder.join("dist"), &config);
    let _ = fs::remove_dir_all(&folder);
    let (bundle, config) = (bundle?, Arc::new(config));

    let mut times = Vec::new();
    for _ in 0..100 {
        let begun = Instant::now();
        let mut isolate = Isolate::new(&config)?;
        let made = begun.elapsed();
        isolate.load(Rc::new(Arc::clone(&bundle)), bundle.entry())?;
        times.push((begun.elapsed(), made));
    }
    times.sort_unstable();
    for (name, index) in [("fastest", 0), ("median", 50), ("slowest", 99)] {
        let (whole, made) = times[index];
        println!("{name}: {whole:?}, of which the isolate without the application {made:?}");
    }
    Ok(())
}

/// Functions like those of an application, until there are 100 KB of them.
fn write(server: &Path) -> std::io::Result<()> {
    fs::create_dir_all(server)?;
    let mut text = String::new();
    for number in 0.. {
        let _ = writeln!(
            text,
            "export async function f{number}(list, name) {{
  const found = list.filter((row) => row.name === name && row.age > {number});
  if (found.length === 0) throw new Error(`nothing for ${{name}} in {number}`);
  return found.map(({{ id, age }}) => ({{ id, age, label: `${{id}}-${{age}}` }})).sort((a, b) => a.age - b.age);
}}"
        );
        if text.len() > 100 << 10 {
            break;
        }
    }
    fs::write(server.join("api.js"), text)?;
    fs::write(
        server.join("index.js"),
        "import * as api from './api.js';\nexport const __kontract_routes = new Map(Object.entries(api));\n",
    )
}
