//! Where package.json says that the sources can be read.

use serde_json::Value;

/// The address of the application's folder in a repository on the web.
pub struct Repository {
    /// With a `/` at its end.
    files: String,
}

impl Repository {
    /// None where there is none, or where it is not known how its files are addressed.
    pub fn of(package: &Value) -> Option<Self> {
        let repository = &package["repository"];
        let url = repository.as_str().or_else(|| repository["url"].as_str())?;
        let folder = repository["directory"].as_str().unwrap_or_default().trim_matches('/');
        let (host, path) = parts(url)?;
        let blob = match host {
            "github.com" => "blob",
            "gitlab.com" => "-/blob",
            _ => return None,
        };
        let slash = if folder.is_empty() { "" } else { "/" };
        let files = format!("https://{host}/{path}/{blob}/HEAD/{folder}{slash}");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/".contains(c);
        files.chars().all(plain).then_some(Self { files })
    }

    /// None for a file outside the project.
    pub fn line(&self, file: &str, line: usize) -> Option<String> {
        let inside = !file.starts_with("../") && !file.contains(':');
        inside.then(|| format!("{}{}#L{line}", self.files, crate::pipeline::names::url(file)))
    }
}

/// `git+https://github.com/ada/shop.git`, `github:ada/shop`, `ada/shop` → host and path.
fn parts(url: &str) -> Option<(&str, &str)> {
    let short = [("github:", "github.com"), ("gitlab:", "gitlab.com")];
    let (host, path) = match short.iter().find_map(|(s, host)| Some((*host, url.strip_prefix(s)?)))
    {
        Some(found) => found,
        None if url.split('/').count() == 2 && !url.contains([':', '@']) => ("github.com", url),
        None => url.split_once("://")?.1.split_once('/')?,
    };
    let path = path.trim_end_matches('/');
    Some((host, path.strip_suffix(".git").unwrap_or(path)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_line_is_found_in_the_repository_of_package_json() {
        let line = |repository: Value| {
            Repository::of(&json!({ "repository": repository }))?.line("src/a b.ts", 3)
        };
        let expected = Some("https://github.com/ada/shop/blob/HEAD/src/a%20b.ts#L3".to_owned());
        assert_eq!(line(json!("github:ada/shop")), expected);
        assert_eq!(line(json!("ada/shop")), expected);
        assert_eq!(line(json!({ "url": "git+https://github.com/ada/shop.git" })), expected);
        let inside = json!({ "url": "https://gitlab.com/ada/shop", "directory": "apps/web" });
        let expected = "https://gitlab.com/ada/shop/-/blob/HEAD/apps/web/src/a%20b.ts#L3";
        assert_eq!(line(inside).as_deref(), Some(expected));
        for unknown in [json!(null), json!("https://example.com/x"), json!("github:a b/{{ x }}")] {
            assert_eq!(line(unknown), None);
        }
    }
}
