//! Calls as the engine serves them.

mod support {
    pub mod application;
}

use serde_json::json;
use support::application::Application;

#[tokio::test]
async fn a_call_gets_its_result() {
    let app = Application::new("export async function add({ a, b }) { return { sum: a + b }; }");
    assert_eq!(app.call("add", json!({ "a": 1, "b": 2 })).await.unwrap(), json!({ "sum": 3 }));
}
