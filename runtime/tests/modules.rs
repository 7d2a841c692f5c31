//! What an application's modules can be made of.

use std::{fs, path::Path, time::Instant};

use kontract_runtime::{
    config::Limits,
    engine::{EngineConfig, modules},
};

fn config() -> EngineConfig {
    EngineConfig {
        limits: Limits::default(),
        variables: std::collections::BTreeMap::default(),
        egress: Vec::new(),
        development: false,
        threads: 1,
    }
}

#[test]
fn plain() {
    let t = Instant::now();
    let bundle = modules::prepare(Path::new("/tmp/engine-plain/dist"), &config());
    println!("{:?} {:?}", t.elapsed(), bundle.map(|b| b.auth().cloned()));
    use kontract_runtime::engine::isolate::Isolate;
    use std::{rc::Rc, sync::Arc};
    let bundle = modules::prepare(Path::new("/tmp/engine-plain/dist"), &config()).unwrap();
    let config = Arc::new(config());
    for _ in 0..10 {
        let t = Instant::now();
        let mut isolate = Isolate::new(&config).unwrap();
        let t2 = t.elapsed();
        isolate.load(Rc::new(Arc::clone(&bundle)), bundle.entry()).unwrap();
        println!("{t2:?} {:?}", t.elapsed());
    }
}
