//! A Prisma schema, as far as tables go: models, enums, fields with their attributes. It is not
//! validated: what Prisma accepts is read, and what cannot be read is told with its line.

use serde_json::Value;

use super::{Column, Enum, Schema, Table, Type, diagnostics};
use crate::{model::diagnostic::Diagnostic, pipeline::gather::table_name};

/// The files of a schema, each with what it is called.
pub fn parse(files: &[(String, String)]) -> Result<Schema, Diagnostic> {
    let mut enums: Vec<Enum> = Vec::new();
    let mut models: Vec<Model> = Vec::new();
    for (name, text) in files {
        add(text, &mut enums, &mut models).map_err(|wrong| Diagnostic {
            message: wrong.message.replacen("the Prisma schema", name, 1),
            ..wrong
        })?;
    }
    models.retain(|model| !has(&model.attributes, "@@ignore"));
    if models.is_empty() {
        return Err(diagnostics::no_tables());
    }
    let tables = models.iter().map(|model| table(model, &models, &enums)).collect();
    Ok(Schema { enums, tables })
}

fn add(text: &str, enums: &mut Vec<Enum>, models: &mut Vec<Model>) -> Result<(), Diagnostic> {
    for block in blocks(&without_block_comments(text))? {
        match block.kind.as_str() {
            "enum" => enums.push(enumeration(&block)),
            "model" => models.push(model(block)?),
            // Views, composite types, generators, data sources.
            _ => {}
        }
    }
    Ok(())
}

/// Spaces in the place of `/* … */`, so that lines stay where they are.
fn without_block_comments(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    let (mut quoted, mut escaped, mut line) = (false, false, false);
    while let Some(letter) = rest.chars().next() {
        if !quoted && !line && rest.starts_with("/*") {
            let end = rest[2..].find("*/").map_or(rest.len(), |end| end + 4);
            plain.extend(rest[..end].chars().map(|c| if c == '\n' { c } else { ' ' }));
            rest = &rest[end..];
            continue;
        }
        line = letter != '\n' && (line || (!quoted && rest.starts_with("//")));
        quoted = letter != '\n' && (quoted != (letter == '"' && !escaped && !line));
        escaped = quoted && letter == '\\' && !escaped;
        plain.push(letter);
        rest = &rest[letter.len_utf8()..];
    }
    plain
}

/// `model User { … }`
struct Block {
    kind: String,
    name: String,
    docs: Vec<String>,
    lines: Vec<Line>,
}

/// What stands on one line, or on several while brackets are open.
struct Line {
    number: usize,
    text: String,
    docs: Vec<String>,
}

struct Model {
    name: String,
    docs: Vec<String>,
    fields: Vec<Field>,
    attributes: Vec<Attribute>,
}

struct Field {
    name: String,
    ty: String,
    list: bool,
    optional: bool,
    docs: Vec<String>,
    attributes: Vec<Attribute>,
}

/// `@relation(fields: [authorId], references: [id])`
struct Attribute {
    name: String,
    arguments: String,
}

fn blocks(text: &str) -> Result<Vec<Block>, Diagnostic> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in lines(text)? {
        match open.as_mut() {
            None => {
                let mut words = line.text.split_whitespace();
                let (kind, name) = (words.next(), words.next());
                let (Some(kind), Some(name), true) = (kind, name, line.text.ends_with('{')) else {
                    let reason = "expected a block such as `model User {`";
                    return Err(diagnostics::not_prisma(line.number, reason));
                };
                let (kind, name) = (kind.to_owned(), name.trim_end_matches('{').to_owned());
                open = Some(Block { kind, name, docs: line.docs, lines: Vec::new() });
            }
            Some(_) if line.text == "}" => blocks.extend(open.take()),
            Some(block) => block.lines.push(line),
        }
    }
    match open {
        Some(block) => {
            let last = text.lines().count();
            Err(diagnostics::not_prisma(
                last,
                &format!("`{} {}` has no end", block.kind, block.name),
            ))
        }
        None => Ok(blocks),
    }
}

/// Lines without comments; those of documentation (`///`) go with the line that follows.
fn lines(text: &str) -> Result<Vec<Line>, Diagnostic> {
    let mut lines: Vec<Line> = Vec::new();
    let mut docs = Vec::new();
    let mut depth = 0_usize;
    for (index, source) in text.lines().enumerate() {
        let number = index + 1;
        let (code, comment) = split_comment(source, number)?;
        if let Some(doc) = comment.and_then(|comment| comment.strip_prefix('/')) {
            docs.push(doc.trim().to_owned());
        }
        let code = code.trim();
        if code.is_empty() {
            continue;
        }
        let opened = depth > 0;
        depth = brackets(code, depth).ok_or_else(|| {
            diagnostics::not_prisma(number, "a bracket is closed that was not opened")
        })?;
        if let Some(line) = lines.last_mut().filter(|_| opened) {
            line.text.push(' ');
            line.text.push_str(code);
            continue;
        }
        let docs = std::mem::take(&mut docs);
        // `model A {}`
        let empty = code.strip_suffix('}').filter(|head| head.trim_end().ends_with('{'));
        lines.push(Line { number, text: empty.unwrap_or(code).trim().to_owned(), docs });
        if empty.is_some() {
            lines.push(Line { number, text: "}".to_owned(), docs: Vec::new() });
        }
    }
    Ok(lines)
}

/// What stands before `//` and behind it.
fn split_comment(line: &str, number: usize) -> Result<(&str, Option<&str>), Diagnostic> {
    let mut quoted = false;
    let mut escaped = false;
    for (place, letter) in line.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '/' if !quoted && line[place..].starts_with("//") => {
                return Ok((&line[..place], Some(&line[place + 2..])));
            }
            _ => {}
        }
    }
    if quoted {
        return Err(diagnostics::not_prisma(number, "a text has no end"));
    }
    Ok((line, None))
}

/// How many round and square brackets are open after the text.
fn brackets(text: &str, open: usize) -> Option<usize> {
    let mut depth = open;
    for letter in outside_texts(text) {
        match letter {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    Some(depth)
}

fn outside_texts(text: &str) -> impl Iterator<Item = char> {
    let (mut quoted, mut escaped) = (false, false);
    text.chars().filter(move |letter| {
        if escaped {
            escaped = false;
            return false;
        }
        escaped = quoted && *letter == '\\';
        if *letter == '"' {
            quoted = !quoted;
            return false;
        }
        !quoted
    })
}

fn enumeration(block: &Block) -> Enum {
    let values = block.lines.iter().filter(|line| !line.text.starts_with("@@"));
    let values = values.filter_map(|line| line.text.split_whitespace().next());
    Enum { name: block.name.clone(), values: values.map(str::to_owned).collect() }
}

fn model(block: Block) -> Result<Model, Diagnostic> {
    let Block { name, docs, lines, .. } = block;
    let mut model = Model { name, docs, fields: Vec::new(), attributes: Vec::new() };
    for Line { number, text, docs } in lines {
        if text.starts_with("@@") {
            model.attributes.extend(attributes(&text, number)?);
            continue;
        }
        let expected = || diagnostics::not_prisma(number, "expected a field such as `name String`");
        let (name, rest) = text.split_once(char::is_whitespace).ok_or_else(expected)?;
        let rest = rest.trim_start();
        let end = rest.find(" @").unwrap_or(rest.len());
        let ty = rest[..end].trim();
        let (ty, optional) = ty.strip_suffix('?').map_or((ty, false), |ty| (ty, true));
        let (ty, list) = ty.strip_suffix("[]").map_or((ty, false), |ty| (ty, true));
        if ty.is_empty() {
            return Err(expected());
        }
        model.fields.push(Field {
            name: name.to_owned(),
            ty: ty.to_owned(),
            list,
            optional,
            docs,
            attributes: attributes(&rest[end..], number)?,
        });
    }
    Ok(model)
}

fn attributes(text: &str, number: usize) -> Result<Vec<Attribute>, Diagnostic> {
    let mut attributes = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let word = |c: char| c.is_alphanumeric() || matches!(c, '@' | '_' | '.');
        let end = rest.find(|c| !word(c)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if !name.starts_with('@') {
            return Err(diagnostics::not_prisma(number, "expected an attribute such as `@unique`"));
        }
        let (arguments, after) = match after.strip_prefix('(') {
            None => ("", after),
            Some(inside) => {
                let close = closing(inside)
                    .ok_or_else(|| diagnostics::not_prisma(number, "a bracket has no end"))?;
                (&inside[..close], &inside[close + 1..])
            }
        };
        attributes
            .push(Attribute { name: name.to_owned(), arguments: arguments.trim().to_owned() });
        rest = after.trim_start();
    }
    Ok(attributes)
}

/// Where the bracket ends that is open at the beginning.
fn closing(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (place, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '(' if !quoted => depth += 1,
            ')' if !quoted && depth == 0 => return Some(place),
            ')' if !quoted => depth -= 1,
            _ => {}
        }
    }
    None
}

fn table(model: &Model, models: &[Model], enums: &[Enum]) -> Table {
    let mut table = Table {
        name: table_name(&model.name),
        row: Some(model.name.clone()),
        notes: model.docs.clone(),
        ..Table::default()
    };
    if let Some(map) = find(&model.attributes, "@@map") {
        table.notes.push(format!("It was the table {} where it comes from.", map.arguments));
    }
    let lists =
        |name| model.attributes.iter().filter(move |a| a.name == name).map(|a| list(&a.arguments));
    table.key = lists("@@id").next().unwrap_or_default();
    let (mut unique, mut index): (Vec<_>, Vec<_>) =
        (lists("@@unique").collect(), lists("@@index").collect());
    for columns in unique.iter().filter(|columns| columns.len() > 1) {
        table.notes.push(format!("Unique together, where it comes from: {}.", columns.join(", ")));
    }
    for columns in index.iter().filter(|columns| columns.len() > 1) {
        table.notes.push(format!("Indexed together, where it comes from: {}.", columns.join(", ")));
    }
    unique.retain(|columns| columns.len() == 1);
    index.retain(|columns| columns.len() == 1);
    for field in model.fields.iter().filter(|field| !has(&field.attributes, "@ignore")) {
        if let Some(target) = models.iter().find(|other| other.name == field.ty) {
            table.columns.extend(many_to_many(model, field, target));
            continue;
        }
        let mut column = column(field, enums);
        if has(&field.attributes, "@id") {
            table.key = vec![field.name.clone()];
        }
        let named = |lists: &[Vec<String>]| lists.iter().any(|columns| columns[0] == field.name);
        column.unique |= named(&unique);
        column.index = named(&index);
        column.references = reference(model, field, models);
        table.columns.push(column);
    }
    table
}

fn column(field: &Field, enums: &[Enum]) -> Column {
    let ty = match field.ty.as_str() {
        "Boolean" => Type::Boolean,
        "Int" => Type::Int32,
        "BigInt" => Type::Bigint,
        "Float" => Type::Number,
        "DateTime" => Type::Date,
        "Bytes" => Type::Bytes,
        "String" | "Decimal" => Type::Text,
        name if enums.iter().any(|e| e.name == name) => Type::Enum(name.to_owned()),
        // Json, composite types, Unsupported("…").
        _ => Type::Json,
    };
    let mut column = Column::new(field.name.as_str(), ty);
    column.notes.clone_from(&field.docs);
    if field.ty == "Decimal" {
        column.notes.push("An exact decimal, as text.".to_owned());
    }
    column.list = field.list;
    column.optional = field.optional;
    column.unique = has(&field.attributes, "@unique");
    if let Some(map) = find(&field.attributes, "@map") {
        column.notes.push(format!("It was the column {} where it comes from.", map.arguments));
    }
    if let Some(default) = find(&field.attributes, "@default") {
        match literal(&default.arguments, &column.ty) {
            Some(value) => column.default = Some(value),
            None => column
                .notes
                .push(format!("Filled in with {} where it comes from.", default.arguments)),
        }
    }
    if has(&field.attributes, "@updatedAt") {
        column.notes.push("Set at every change, where it comes from.".to_owned());
    }
    column
}

/// The model that a field of ids names: some relation says so.
fn reference(model: &Model, field: &Field, models: &[Model]) -> Option<String> {
    let relation = model.fields.iter().find(|relation| {
        let fields =
            find(&relation.attributes, "@relation").map(|a| named_list(&a.arguments, "fields"));
        fields.is_some_and(|fields| fields == [field.name.as_str()])
    })?;
    let target = models.iter().find(|other| other.name == relation.ty)?;
    // A key of several columns, or another unique column, is no id.
    let references =
        find(&relation.attributes, "@relation").map(|a| named_list(&a.arguments, "references"))?;
    let id = target.fields.iter().find(|field| has(&field.attributes, "@id"))?;
    (references == [id.name.as_str()]).then(|| table_name(&target.name))
}

/// Lists on both sides, without columns of their own: ids on the side whose model comes first.
fn many_to_many(model: &Model, field: &Field, target: &Model) -> Option<Column> {
    let back = target.fields.iter().any(|other| other.list && other.ty == model.name);
    if !field.list || !back || model.name > target.name {
        return None;
    }
    let mut column = Column::new(format!("{}Ids", field.name), Type::Text);
    column.list = true;
    column.references = Some(table_name(&target.name));
    column.notes.push("A relation of many to many, where it comes from.".to_owned());
    Some(column)
}

fn literal(text: &str, ty: &Type) -> Option<Value> {
    match ty {
        Type::Enum(_) if text.chars().all(|c| c.is_alphanumeric() || c == '_') => {
            Some(Value::from(text))
        }
        Type::Text | Type::Boolean | Type::Number | Type::Int32 => {
            let value: Value = serde_json::from_str(text).ok()?;
            let fits = match ty {
                Type::Text => value.is_string(),
                Type::Boolean => value.is_boolean(),
                _ => value.is_number(),
            };
            fits.then_some(value)
        }
        _ => None,
    }
}

/// The names in `[a, b(sort: Desc)]`, with or without what stands around.
fn list(arguments: &str) -> Vec<String> {
    let inside = arguments.split_once('[').map_or("", |(_, rest)| rest);
    let inside = inside.split_once(']').map_or(inside, |(list, _)| list);
    let names = inside.split(',').map(|name| name.split('(').next().unwrap_or_default().trim());
    let plain =
        |name: &&str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
    names.filter(plain).map(str::to_owned).collect()
}

fn named_list(arguments: &str, name: &str) -> Vec<String> {
    let start = arguments.find(&format!("{name}:"));
    start.map(|start| list(&arguments[start..])).unwrap_or_default()
}

fn find<'a>(attributes: &'a [Attribute], name: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.name == name)
}

fn has(attributes: &[Attribute], name: &str) -> bool {
    find(attributes, name).is_some()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> (String, String) {
        (name.to_owned(), text.to_owned())
    }

    #[test]
    fn comments_of_several_lines_are_passed_over() {
        let text = "/* model No {\n*/ model A { // /* none\n  id String @id /* */\n  url String @default(\"/*\\\"\") // */\n}\n";
        let schema = parse(&[file("the Prisma schema", text)]).unwrap();
        let names: Vec<&str> =
            schema.tables[0].columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["id", "url"]);
        assert_eq!(schema.tables[0].columns[1].default, Some(Value::from("/*\"")));
    }

    #[test]
    fn a_schema_may_lie_in_several_files() {
        let one = file("user.prisma", "model User {\n  id String @id\n  posts Post[]\n}\n");
        let text = "model Post {\n  id String @id\n  user User @relation(fields: [userId], references: [id])\n  userId String\n}\n";
        let schema = parse(&[one.clone(), file("post.prisma", text)]).unwrap();
        let post = schema.tables.iter().find(|table| table.name == "posts").unwrap();
        let user = post.columns.iter().find(|column| column.name == "userId").unwrap();
        assert_eq!(user.references.as_deref(), Some("users"));
        let wrong = parse(&[one, file("post.prisma", "model Post {\n  id\n}\n")]).unwrap_err();
        assert!(wrong.message.starts_with("line 2 of post.prisma cannot"), "{}", wrong.message);
    }
}
