//! Parameters of statements: owned, so that a statement may outlive the call that made it.

use std::{error::Error, sync::Arc};

use bytes::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use crate::session::SessionKey;

/// A parameter. Its printed form shows no value, for logs.
#[derive(Clone)]
pub enum Param {
    Null,
    Key(SessionKey),
    Bytes(Vec<u8>),
    Text(Arc<str>),
    Texts(Vec<Arc<str>>),
    Int(i32),
    Long(i64),
    Double(f64),
    Flag(bool),
}

impl From<&str> for Param {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Param {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<&SessionKey> for Param {
    fn from(key: &SessionKey) -> Self {
        Self::Key(key.clone())
    }
}

impl<T: Into<Param>> From<Option<T>> for Param {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Param {
    fn to_sql(
        &self,
        kind: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Key(key) => key.as_bytes().to_sql_checked(kind, out),
            Self::Bytes(bytes) => bytes.to_sql_checked(kind, out),
            Self::Text(text) => (&**text).to_sql_checked(kind, out),
            Self::Texts(texts) => {
                let texts: Vec<&str> = texts.iter().map(|text| &**text).collect();
                texts.to_sql_checked(kind, out)
            }
            Self::Int(number) => number.to_sql_checked(kind, out),
            Self::Long(number) => number.to_sql_checked(kind, out),
            Self::Double(number) => number.to_sql_checked(kind, out),
            Self::Flag(flag) => flag.to_sql_checked(kind, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

impl std::fmt::Debug for Param {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Null => "null",
            Self::Key(_) => "key",
            Self::Bytes(_) => "bytes",
            Self::Text(_) => "text",
            Self::Texts(_) => "texts",
            Self::Int(_) | Self::Long(_) | Self::Double(_) => "number",
            Self::Flag(_) => "flag",
        })
    }
}
