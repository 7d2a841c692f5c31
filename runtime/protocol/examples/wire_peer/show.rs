//! What a test is told.

use kontract_protocol::message::{Call, Failure, HANDSHAKE, Item, Response};
use kontract_protocol::post::Reply;
use kontract_protocol::stream::{ClientEvent, Ending, ServerEvent};
use serde_json::{Value, json};

pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub fn call(call: &Call) -> Value {
    json!({ "method": call.method, "args": hex(&call.args), "metadata": call.metadata, "id": hex(&call.id) })
}

fn response(response: &Response) -> Value {
    assert_ne!(response.in_reply_to, HANDSHAKE);
    json!({
        "in_reply_to": response.in_reply_to, "status": response.status, "headers": response.headers,
        "result": hex(&response.result),
    })
}

fn failure(failure: &Failure) -> Value {
    json!({
        "in_reply_to": failure.in_reply_to, "code": failure.code, "message": failure.message,
        "status": failure.status, "path": failure.path, "stack": failure.stack,
    })
}

fn item(item: &Item) -> Value {
    json!({ "in_reply_to": item.in_reply_to, "item": hex(&item.item) })
}

pub fn reply(reply: &Reply) -> Value {
    match reply {
        Reply::Response(one) => json!({ "type": "Response", "response": response(one) }),
        Reply::Failure(one) => json!({ "type": "Failure", "failure": failure(one) }),
    }
}

fn ended(how: Ending, unanswered: &[u64]) -> Value {
    json!({ "type": "Ended", "how": format!("{how:?}"), "unanswered": unanswered })
}

pub fn client_event(event: &ClientEvent) -> Value {
    match event {
        ClientEvent::Opened { resumed, .. } => json!({ "type": "Opened", "resumed": resumed }),
        ClientEvent::Pass(_) => json!({ "type": "Pass" }),
        ClientEvent::Response(one) => json!({ "type": "Response", "response": response(one) }),
        ClientEvent::Failure(one) => json!({ "type": "Failure", "failure": failure(one) }),
        ClientEvent::Item(one) => json!({ "type": "Item", "item": item(one) }),
        ClientEvent::Missed(count) => json!({ "type": "Missed", "count": count }),
        ClientEvent::Refresh => json!({ "type": "Refresh" }),
        ClientEvent::Ended { how, unanswered } => ended(*how, unanswered),
    }
}

pub fn server_event(event: &ServerEvent) -> Value {
    match event {
        ServerEvent::Entered { .. } => json!({ "type": "Entered" }),
        ServerEvent::Refused(error) => json!({ "type": "Refused", "error": error.to_string() }),
        ServerEvent::Opened { schema, .. } => json!({ "type": "Opened", "schema": hex(schema) }),
        ServerEvent::Call { sequence, call: one } => {
            json!({ "type": "Call", "sequence": sequence, "call": call(one) })
        }
        ServerEvent::Subscribe { sequence, topic } => {
            json!({ "type": "Subscribe", "sequence": sequence, "topic": topic })
        }
        ServerEvent::Cancel { target } => json!({ "type": "Cancel", "target": target }),
        ServerEvent::Unsubscribe { target } => json!({ "type": "Unsubscribe", "target": target }),
        ServerEvent::Credit { target } => json!({ "type": "Credit", "target": target }),
        ServerEvent::Ended { how, unanswered } => ended(*how, unanswered),
    }
}
