//! A mention, name by name: through imports, what names stand for, classes and their parents, what
//! functions return and what they are given.

use rustc_hash::FxHashSet;

use super::{Declaration, Edges, Graph, Node, Value, done};
use crate::{
    model::{
        SourcePath, Span,
        app::{Modules, Unseen},
        contract::ImportKind,
        reach::{COMPUTED, DROPPED, Held, ITERATE, Mention, Path, called_with},
    },
    pipeline::gather::symbols::Symbol,
    source::is_kontract,
};

/// One mention is followed.
pub struct Follow<'g, 'a> {
    graph: &'g Graph<'a>,
    site: &'g Node<'a>,
    span: Span,
    pub edges: Edges<'a>,
    /// Names that stand for names that stand for names: at most so many.
    left: usize,
}

const MAX_STEPS: usize = 256;
/// What exports `env`.
const RUNTIME: &str = "kontract/runtime";

impl<'g, 'a> Follow<'g, 'a> {
    pub fn new(graph: &'g Graph<'a>, site: &'g Node<'a>, span: Span) -> Self {
        Self { graph, site, span, edges: Edges::default(), left: MAX_STEPS }
    }

    fn unseen(&mut self, what: String) {
        let file = self.site.declaration.file.clone();
        self.edges.unseen.push(Unseen { file, span: self.span, what });
    }

    pub fn mention(&mut self, mention: &'a Mention) {
        let site = self.site;
        let mut arguments = Vec::new();
        for (index, held) in &mention.arguments {
            for value in self.values(held, site) {
                match value {
                    Value::Storage(held) => arguments.push((*index, held)),
                    value => self.finish(&value),
                }
            }
        }
        if !mention.arguments.is_empty() && arguments.is_empty() {
            return;
        }
        for value in self.path(&mention.path, site, &arguments) {
            self.finish(&value);
        }
    }

    /// The end of a path: the value goes somewhere.
    pub fn finish(&mut self, value: &Value<'a>) {
        match value {
            Value::Storage(Held::SomeTable | Held::Named(_)) => {}
            Value::Storage(held) => self.unseen(format!("{} is used as a value", held.in_words())),
            Value::Declaration(declaration) => self.node(*declaration, None, None, true),
            Value::Member { declaration, member, receiver } => {
                self.node(*declaration, Some(member), Some(*receiver), true);
            }
            Value::Namespace(module) => self.all_of(module),
            Value::Runtime => self.unseen("`env` is passed on with its package".to_owned()),
        }
    }

    fn all_of(&mut self, module: &'a SourcePath) {
        let mut seen = FxHashSet::default();
        let mut queue = vec![module];
        while let Some(module) = queue.pop() {
            if !seen.insert(module) {
                continue;
            }
            let graph = self.graph;
            for (_, symbol) in graph.symbols.exports(module) {
                match self.value(&symbol) {
                    Some(Value::Declaration(declaration)) => {
                        self.node(declaration, None, None, true);
                    }
                    Some(Value::Namespace(module)) => queue.push(module),
                    _ => {}
                }
            }
        }
    }

    fn node(
        &mut self,
        declaration: Declaration<'a>,
        member: Option<&'a str>,
        receiver: Option<Declaration<'a>>,
        whole: bool,
    ) {
        self.edges.next.push(Node { declaration, member, receiver, arguments: Vec::new(), whole });
    }

    pub fn values(&mut self, held: &'a Held, site: &Node<'a>) -> Vec<Value<'a>> {
        match held {
            Held::Named(path) => self.path(path, site, &[]),
            held => vec![Value::Storage(held.clone())],
        }
    }

    fn value(&mut self, symbol: &Symbol) -> Option<Value<'a>> {
        let modules: &'a Modules = self.graph.symbols.modules;
        match symbol {
            Symbol::Declared { module, name } => {
                let (file, contract) = modules.get_key_value(module)?;
                // Only what has facts leads anywhere.
                let reach = contract.reach.iter().find(|reach| reach.name == *name)?;
                Some(Value::Declaration(Declaration { file, name: &reach.name }))
            }
            Symbol::Namespace(module) => Some(Value::Namespace(modules.get_key_value(module)?.0)),
            Symbol::Package { specifier, name } if is_kontract(specifier) => match name {
                ImportKind::Named(name) if name == "env" => Some(Value::Storage(Held::Env)),
                ImportKind::Namespace if specifier == RUNTIME => Some(Value::Runtime),
                _ => None,
            },
            // Its code has not been seen.
            Symbol::Package { .. } => {
                self.edges.effects = true;
                None
            }
        }
    }

    fn path(
        &mut self,
        path: &'a Path,
        site: &Node<'a>,
        arguments: &[(usize, Held)],
    ) -> Vec<Value<'a>> {
        let mut names = path.names.iter().map(String::as_str);
        let mut values = match &path.import {
            Some(specifier) => {
                let target = self.graph.symbols.target(site.declaration.file, specifier);
                target.map(Value::Namespace).into_iter().collect()
            }
            None => names.next().map(|root| self.root(root, site)).unwrap_or_default(),
        };
        let names: Vec<&'a str> = names.collect();
        let last_call = names.iter().rposition(|name| called_with(name).is_some());
        let mut i = 0;
        let mut taken = arguments.is_empty();
        while let Some(name) = names.get(i) {
            let next = names.get(i + 1).copied().filter(|next| called_with(next).is_some());
            // `storage.get('users')` is two names.
            if *name == "get"
                && let Some(call) = next
                && let Some(at) = values.iter().position(|v| *v == Value::Storage(Held::Storage))
            {
                values.remove(at);
                let table = if let Some(Some(table)) = called_with(call) {
                    Held::Table(table.to_owned())
                } else {
                    self.unseen("a computed table name".to_owned());
                    Held::SomeTable
                };
                values = self.step(&values, name, &[], &mut taken);
                values = self.step(&values, call, &[], &mut taken);
                values.push(Value::Storage(table));
                i += 2;
                continue;
            }
            let given = if Some(i) == last_call { arguments } else { &[] };
            values = self.step(&values, name, given, &mut taken);
            i += 1;
        }
        if !taken {
            for (_, held) in arguments {
                self.unseen(format!("{} is passed on", held.in_words()));
            }
        }
        values
    }

    fn root(&mut self, name: &'a str, site: &Node<'a>) -> Vec<Value<'a>> {
        match name {
            "this" => vec![Value::Declaration(site.receiver.unwrap_or(site.declaration))],
            "super" => {
                let Some(fact) = self.graph.fact(site.declaration, None) else { return Vec::new() };
                let base = Node::base(site.declaration);
                fact.holds.iter().flat_map(|held| self.values(held, &base)).collect()
            }
            name => {
                if let Some(index) = name.strip_prefix('#').and_then(|i| i.parse::<usize>().ok()) {
                    let given = site.arguments.iter().filter(|(at, _)| *at == index);
                    return given.map(|(_, held)| Value::Storage(held.clone())).collect();
                }
                let file = site.declaration.file;
                let own = Declaration { file, name };
                if self.graph.facts.contains_key(&own) {
                    return vec![Value::Declaration(own)];
                }
                let symbol = self.graph.symbols.local(file, name);
                symbol.and_then(|symbol| self.value(&symbol)).into_iter().collect()
            }
        }
    }

    /// One name further from each value.
    fn step(
        &mut self,
        values: &[Value<'a>],
        name: &'a str,
        arguments: &[(usize, Held)],
        taken: &mut bool,
    ) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for value in values {
            if self.left == 0 {
                break;
            }
            self.left -= 1;
            let next = match value {
                Value::Storage(held) => self.storage(held, name),
                Value::Namespace(module) => self.export(module, name),
                Value::Runtime => match name {
                    "env" => vec![Value::Storage(Held::Env)],
                    COMPUTED => {
                        self.unseen("a computed member of `kontract/runtime`".to_owned());
                        Vec::new()
                    }
                    _ => Vec::new(),
                },
                Value::Declaration(declaration) => {
                    self.of_declaration(*declaration, name, arguments, taken)
                }
                Value::Member { declaration, member, receiver } => {
                    let node = Node {
                        declaration: *declaration,
                        member: Some(member),
                        receiver: Some(*receiver),
                        arguments: Vec::new(),
                        whole: false,
                    };
                    self.of_node(node, name, arguments, taken)
                }
            };
            for value in next {
                if !found.contains(&value) {
                    found.push(value);
                }
            }
        }
        found
    }

    fn storage(&mut self, held: &Held, name: &str) -> Vec<Value<'a>> {
        let next = match (held, name) {
            (_, DROPPED) => None,
            (Held::Env, "storage") => Some(Held::Storage),
            (Held::Env, COMPUTED) => {
                self.unseen("a computed member of `env`".to_owned());
                None
            }
            (Held::Storage, COMPUTED) => {
                self.unseen("a computed table name".to_owned());
                Some(Held::SomeTable)
            }
            (Held::Storage, "get" | "transaction" | ITERATE) => None,
            (Held::Storage, name) if called_with(name).is_some() => None,
            (Held::Storage, table) => Some(Held::Table(table.to_owned())),
            (Held::Table(table), COMPUTED) => {
                self.unseen(format!("a computed operation of the table `{table}`"));
                None
            }
            (Held::Table(table), name) => {
                let file = self.site.declaration.file;
                self.edges.operations.extend(done(file, table, name, self.span));
                None
            }
            _ => None,
        };
        next.map(Value::Storage).into_iter().collect()
    }

    fn export(&mut self, module: &'a SourcePath, name: &str) -> Vec<Value<'a>> {
        match name {
            COMPUTED | ITERATE => {
                self.all_of(module);
                Vec::new()
            }
            name => {
                let symbol = self.graph.symbols.export(module, name);
                symbol.and_then(|symbol| self.value(&symbol)).into_iter().collect()
            }
        }
    }

    fn of_declaration(
        &mut self,
        declaration: Declaration<'a>,
        name: &'a str,
        arguments: &[(usize, Held)],
        taken: &mut bool,
    ) -> Vec<Value<'a>> {
        let base = Node::base(declaration);
        if matches!(name, DROPPED | COMPUTED | ITERATE) || called_with(name).is_some() {
            return self.of_node(base, name, arguments, taken);
        }
        self.member_of(declaration, name, declaration)
            .map_or_else(|| self.of_node(base, name, arguments, taken), |member| vec![member])
    }

    /// Looked up in the declaration and in what it stands for.
    fn member_of(
        &mut self,
        declaration: Declaration<'a>,
        name: &'a str,
        receiver: Declaration<'a>,
    ) -> Option<Value<'a>> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        self.node(declaration, None, None, false);
        if self.graph.fact(declaration, Some(name)).is_some() {
            return Some(Value::Member { declaration, member: name, receiver });
        }
        let fact = self.graph.fact(declaration, None)?;
        let site = Node::base(declaration);
        for held in &fact.holds {
            for value in self.values(held, &site) {
                if let Value::Declaration(parent) = value
                    && let Some(found) = self.member_of(parent, name, receiver)
                {
                    return Some(found);
                }
            }
        }
        None
    }

    /// A call of it, or a member of what it stands for.
    fn of_node(
        &mut self,
        node: Node<'a>,
        name: &'a str,
        arguments: &[(usize, Held)],
        taken: &mut bool,
    ) -> Vec<Value<'a>> {
        let Some(fact) = self.graph.fact(node.declaration, node.member) else {
            if matches!(name, COMPUTED | ITERATE) && node.member.is_none() {
                // Only its members touch anything: one of them, nobody knows which.
                self.edges.next.push(Node { whole: true, ..node });
            } else {
                // It touches nothing, so that it does not matter what it is given.
                *taken = true;
            }
            return Vec::new();
        };
        let mut values = Vec::new();
        let mut site = node.clone();
        if called_with(name).is_some() {
            if !arguments.is_empty()
                && let Some(followed) = fact.parameters
                && arguments.iter().all(|(index, _)| *index < followed)
            {
                *taken = true;
                site.arguments = arguments.to_vec();
            }
            for held in &fact.returns {
                let returned = self.values(held, &site);
                // What is made of the result is noted without the arguments.
                if !arguments.is_empty() && is_parameter(held) {
                    for value in &returned {
                        if let Value::Storage(held) = value {
                            self.unseen(format!("{} comes back from a function", held.in_words()));
                        }
                    }
                }
                values.extend(returned);
            }
        }
        self.edges.next.push(site);
        if name == DROPPED {
            return values;
        }
        let mut held = Vec::new();
        for one in &fact.holds {
            held.extend(self.values(one, &node));
        }
        let is_any = matches!(name, COMPUTED | ITERATE);
        if is_any && !held.iter().any(|value| matches!(value, Value::Storage(_))) {
            self.edges.next.push(Node { whole: true, ..node });
        }
        values.extend(self.step(&held, name, arguments, taken));
        values
    }
}

/// What the declaration's own function is given.
fn is_parameter(held: &Held) -> bool {
    matches!(held, Held::Named(path) if path.import.is_none()
        && path.names.first().is_some_and(|name| name.starts_with('#')))
}
