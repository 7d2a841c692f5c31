//! The paths below `/auth/`.

use std::net::IpAddr;

use http::{HeaderMap, Method};
use serde_json::Value;

use super::{
    accounts::{Accounts, Asked},
    answer::{self, Answer},
    request::{self, JSON_TYPE},
};
use crate::{call::Form, failure::Failure};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Anonymous,
    Register,
    Login,
    Logout,
    Me,
}

impl Action {
    pub fn find(name: &str) -> Option<Self> {
        Some(match name {
            "anonymous" => Self::Anonymous,
            "register" => Self::Register,
            "login" => Self::Login,
            "logout" => Self::Logout,
            "me" => Self::Me,
            _ => return None,
        })
    }

    pub fn method(self) -> Method {
        if self == Self::Me { Method::GET } else { Method::POST }
    }
}

pub async fn serve(
    accounts: &Accounts,
    action: Action,
    headers: &HeaderMap,
    body: &[u8],
    from: IpAddr,
    asked: Asked<'_>,
) -> Result<Answer, Failure> {
    if action == Action::Me {
        let token = request::credential(headers)?;
        return Ok(answer::json(200, &accounts.me(token, asked).await?));
    }
    let body = read_json(headers, body)?;
    Ok(match action {
        Action::Anonymous => answer::json(201, &accounts.anonymous(from, asked).await?),
        Action::Register => {
            let (email, password) = credentials(body)?;
            answer::json(201, &accounts.register(&email, password, from, asked).await?)
        }
        Action::Login => {
            let (email, password) = credentials(body)?;
            answer::json(200, &accounts.login(&email, password, from, asked).await?)
        }
        Action::Logout | Action::Me => {
            accounts.logout(request::credential(headers)?, asked).await?;
            answer::empty()
        }
    })
}

fn read_json(headers: &HeaderMap, bytes: &[u8]) -> Result<Option<Value>, Failure> {
    if bytes.is_empty() {
        return Ok(None);
    }
    if request::form(headers) != Some(Form::Json) {
        return Err(Failure::invalid(format!("body: expected the content type {JSON_TYPE}")));
    }
    // The parser's own message would quote the body, which may hold a password.
    serde_json::from_slice(bytes).map(Some).map_err(|_| Failure::invalid("body: expected JSON"))
}

fn credentials(body: Option<Value>) -> Result<(String, String), Failure> {
    let Some(Value::Object(mut fields)) = body else {
        return Err(Failure::invalid("body: expected an object with email and password"));
    };
    let (email, password) = (fields.remove("email"), fields.remove("password"));
    if !fields.is_empty() {
        return Err(Failure::invalid("body: expected email and password only"));
    }
    let Some(Value::String(email)) = email else {
        return Err(Failure::invalid("email: expected text").at("email"));
    };
    let Some(Value::String(password)) = password else {
        return Err(Failure::invalid("password: expected text").at("password"));
    };
    Ok((email, password))
}

/// Of a body.
pub const MAX_BYTES: usize = 8192;
