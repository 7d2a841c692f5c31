//! Forms of answers that are read fast: there are tens of thousands of them.

pub mod digest {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::incremental::notes::Digest;

    pub fn serialize<S: Serializer>(digest: &Digest, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(digest)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Digest, D::Error> {
        <&[u8]>::deserialize(from)?.try_into().map_err(D::Error::custom)
    }
}

pub mod answers {
    use std::ffi::{OsStr, OsString};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::incremental::{
        answer::{Answer, Question},
        notes::Answers,
    };

    type Name<'a> = Result<&'a str, &'a OsStr>;

    pub fn serialize<S: Serializer>(answers: &Answers, to: S) -> Result<S::Ok, S::Error> {
        let answers = answers.iter().map(|((of, asked), answer)| {
            let of: Name<'_> = of.to_str().ok_or(of);
            (of, asked, answer)
        });
        answers.collect::<Vec<_>>().serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Answers, D::Error> {
        let answers = Vec::<(Result<&str, OsString>, Question, Answer)>::deserialize(from)?;
        let name = |name: Result<&str, OsString>| name.map_or_else(|name| name, OsString::from);
        Ok(answers.into_iter().map(|(of, asked, answer)| ((name(of), asked), answer)).collect())
    }
}
