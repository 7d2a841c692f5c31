//! The call graph: which tables a route touches, itself and through everything that it mentions,
//! across files.
//!
//! Input: the facts of `extract`, and `getUser`, which mentions `library.find`, which reads `users`.
//! Output: `getUser` reads `users`; its permission is R where the annotation gives none.

mod diagnostics;

use std::collections::VecDeque;

use rustc_hash::{FxHashMap, FxHashSet};

use self::diagnostics::{Uncovered, declared_narrower, permission_unknown};
use super::symbols::{Symbol, Symbols};
use crate::model::{
    SourcePath, Span,
    app::{Modules, Route, Unseen},
    contract::BackendFunction,
    diagnostic::Diagnostic,
    perms,
    reach::{COMPUTED, DROPPED, Held, ITERATE, Mention, Path, Reach, called_with, needed},
};

/// Fills `tables`, `unseen` and `perm` of each route.
pub fn reach(
    symbols: Symbols<'_>,
    routes: &mut std::collections::BTreeMap<String, Route>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut graph = Graph::new(symbols);
    for (name, route) in routes.iter_mut() {
        let function = &symbols.modules[&route.module].functions[route.function];
        let reached = graph.from(&route.module, function);
        for (_, operation) in &reached.operations {
            *route.tables.entry(operation.table.clone()).or_default() |= operation.needs;
        }
        let seen = route.tables.values().fold(0, |all, mask| all | mask);
        route.unseen = reached.unseen;
        route.perm = function.perm.unwrap_or(seen);
        match function.perm {
            Some(declared) if seen & !declared != 0 => {
                let uncovered = graph.uncovered(declared, &reached.operations, &reached.parents);
                diagnostics.push(declared_narrower(
                    &route.module,
                    function.annotation,
                    name,
                    declared,
                    seen,
                    &uncovered,
                ));
            }
            None => {
                if let Some(first) = route.unseen.first() {
                    diagnostics.push(permission_unknown(
                        &route.module,
                        function.annotation,
                        name,
                        seen,
                        (&first.file, first.span, &first.what),
                    ));
                }
            }
            Some(_) => {}
        }
    }
}

/// Something that runs: a function, a class's constructor, a member. `whole`: all members too, and
/// what it stands for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Node<'a> {
    declaration: Declaration<'a>,
    member: Option<&'a str>,
    /// What `this` is.
    receiver: Option<Declaration<'a>>,
    /// Storage among the arguments, by position.
    arguments: Vec<(usize, Held)>,
    whole: bool,
}

/// A name of a module's top level.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Declaration<'a> {
    file: &'a SourcePath,
    name: &'a str,
}

/// What an expression is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum Value<'a> {
    Storage(Held),
    Declaration(Declaration<'a>),
    Member { declaration: Declaration<'a>, member: &'a str, receiver: Declaration<'a> },
    Namespace(&'a SourcePath),
}

/// What a node does by itself.
#[derive(Default)]
struct Edges<'a> {
    operations: Vec<Done<'a>>,
    unseen: Vec<Unseen>,
    next: Vec<Node<'a>>,
}

#[derive(Clone)]
struct Done<'a> {
    table: String,
    name: String,
    needs: u8,
    file: &'a SourcePath,
    span: Span,
}

#[derive(Default)]
struct Reached<'a> {
    /// With the node that does it.
    operations: Vec<(usize, Done<'a>)>,
    unseen: Vec<Unseen>,
    parents: FxHashMap<usize, Option<usize>>,
}

struct Graph<'a> {
    symbols: Symbols<'a>,
    facts: FxHashMap<Declaration<'a>, Vec<&'a Reach>>,
    nodes: Vec<Node<'a>>,
    ids: FxHashMap<Node<'a>, usize>,
    /// Of the nodes that have been looked at; what follows as indices.
    edges: FxHashMap<usize, (std::rc::Rc<Edges<'a>>, std::rc::Rc<Vec<usize>>)>,
}

impl<'a> Graph<'a> {
    fn new(symbols: Symbols<'a>) -> Self {
        let mut facts: FxHashMap<Declaration<'a>, Vec<&'a Reach>> = FxHashMap::default();
        let modules: &'a Modules = symbols.modules;
        for contract in modules.values() {
            for reach in &contract.reach {
                let declaration = Declaration { file: &contract.file, name: &reach.name };
                facts.entry(declaration).or_default().push(reach);
            }
        }
        Self {
            symbols,
            facts,
            nodes: Vec::new(),
            ids: FxHashMap::default(),
            edges: FxHashMap::default(),
        }
    }

    fn id(&mut self, node: &Node<'a>) -> usize {
        if let Some(id) = self.ids.get(node) {
            return *id;
        }
        let id = self.nodes.len();
        self.nodes.push(node.clone());
        self.ids.insert(node.clone(), id);
        id
    }

    /// Breadth first, so that the path shown is a shortest one.
    fn from(&mut self, file: &'a SourcePath, function: &'a BackendFunction) -> Reached<'a> {
        let declaration = Declaration { file, name: function.local() };
        let base =
            Node { declaration, member: None, receiver: None, arguments: Vec::new(), whole: false };
        let start = Node {
            member: function.class.as_ref().map(|_| function.name.as_str()),
            receiver: function.class.as_ref().map(|_| declaration),
            ..base.clone()
        };
        let mut reached = Reached::default();
        let mut unseen = Vec::new();
        let start_id = self.id(&start);
        let mut queue = VecDeque::from([start_id]);
        reached.parents.insert(start_id, None);
        if function.class.is_some() {
            let base = self.id(&base);
            reached.parents.insert(base, Some(start_id));
            queue.push_back(base);
        }
        while let Some(id) = queue.pop_front() {
            let (edges, next) = self.edges(id);
            reached.operations.extend(edges.operations.iter().map(|done| (id, done.clone())));
            unseen.extend(edges.unseen.iter().cloned());
            for next in next.iter() {
                if !reached.parents.contains_key(next) {
                    reached.parents.insert(*next, Some(id));
                    queue.push_back(*next);
                }
            }
        }
        unseen.extend(self.returned(&start, function));
        unseen.sort();
        unseen.dedup();
        reached.unseen = unseen;
        reached
    }

    /// Storage that the route itself returns goes where nobody can follow.
    fn returned(&self, start: &Node<'a>, function: &BackendFunction) -> Vec<Unseen> {
        let mut unseen = Vec::new();
        let Some(fact) = self.fact(start.declaration, start.member) else { return unseen };
        let mut follow = Follow::new(self, start, function.span);
        for held in &fact.returns {
            for value in follow.values(held, start) {
                if let Value::Storage(held) = value {
                    unseen.push(Unseen {
                        file: start.declaration.file.clone(),
                        span: function.span,
                        what: format!("{} is returned", held.in_words()),
                    });
                }
            }
        }
        unseen
    }

    fn fact(&self, declaration: Declaration<'a>, member: Option<&str>) -> Option<&'a Reach> {
        self.facts.get(&declaration)?.iter().copied().find(|r| r.member.as_deref() == member)
    }

    fn edges(&mut self, id: usize) -> (std::rc::Rc<Edges<'a>>, std::rc::Rc<Vec<usize>>) {
        if let Some(known) = self.edges.get(&id) {
            return known.clone();
        }
        let node = self.nodes[id].clone();
        let edges = self.look_at(&node);
        let mut next: Vec<usize> = edges.next.iter().map(|node| self.id(node)).collect();
        let mut seen = FxHashSet::default();
        next.retain(|next| *next != id && seen.insert(*next));
        let known = (std::rc::Rc::new(edges), std::rc::Rc::new(next));
        self.edges.insert(id, known.clone());
        known
    }

    fn look_at(&self, node: &Node<'a>) -> Edges<'a> {
        let mut edges = Edges::default();
        let file = node.declaration.file;
        if node.whole {
            let facts = self.facts.get(&node.declaration).map_or(&[][..], Vec::as_slice);
            for fact in facts {
                if node.member.is_some() && fact.member.as_deref() != node.member {
                    continue;
                }
                let part = Node {
                    member: fact.member.as_deref(),
                    receiver: node.receiver.or(Some(node.declaration)),
                    whole: false,
                    ..node.clone()
                };
                let mut follow = Follow::new(self, &part, Span::default());
                for held in fact.holds.iter().chain(&fact.returns) {
                    for value in follow.values(held, &part) {
                        if let Value::Storage(held) = value {
                            follow.edges.unseen.push(Unseen {
                                file: file.clone(),
                                span: place(self.symbols.modules, file, fact),
                                what: format!("{} is used as a value", held.in_words()),
                            });
                        } else {
                            follow.finish(&value);
                        }
                    }
                }
                let found = follow.edges;
                edges.unseen.extend(found.unseen);
                edges.operations.extend(found.operations);
                edges.next.push(part);
                edges.next.extend(found.next);
            }
            return edges;
        }
        let Some(fact) = self.fact(node.declaration, node.member) else { return edges };
        for operation in &fact.operations {
            edges.operations.extend(done(file, &operation.table, &operation.name, operation.span));
        }
        for unseen in &fact.unseen {
            edges.unseen.push(Unseen {
                file: file.clone(),
                span: unseen.span,
                what: unseen.value.clone(),
            });
        }
        for mention in &fact.mentions {
            let mut follow = Follow::new(self, node, mention.span);
            follow.mention(mention);
            let found = follow.edges;
            edges.unseen.extend(found.unseen);
            edges.operations.extend(found.operations);
            edges.next.extend(found.next);
        }
        edges
    }

    /// For each permission that is missing the first operation that needs it.
    fn uncovered<'d>(
        &self,
        declared: u8,
        operations: &'d [(usize, Done<'a>)],
        parents: &FxHashMap<usize, Option<usize>>,
    ) -> Vec<Uncovered<'d>> {
        [perms::READ, perms::WRITE, perms::REMOVE]
            .into_iter()
            .filter(|bit| declared & bit == 0)
            .filter_map(|bit| operations.iter().find(|(_, done)| done.needs == bit))
            .map(|(id, done)| Uncovered {
                file: done.file,
                span: done.span,
                table: &done.table,
                operation: &done.name,
                needs: done.needs,
                path: self.path(*id, parents),
            })
            .collect()
    }

    fn path(&self, id: usize, parents: &FxHashMap<usize, Option<usize>>) -> Vec<String> {
        let mut path: Vec<String> = Vec::new();
        let mut at = Some(id);
        while let Some(id) = at {
            let node = &self.nodes[id];
            let name = match node.member {
                Some(member) => format!("{}.{member}", node.declaration.name),
                None => node.declaration.name.to_owned(),
            };
            if path.last() != Some(&name) {
                path.push(name);
            }
            at = parents.get(&id).copied().flatten();
        }
        path.reverse();
        path
    }
}

/// One mention is followed.
struct Follow<'g, 'a> {
    graph: &'g Graph<'a>,
    site: &'g Node<'a>,
    span: Span,
    edges: Edges<'a>,
    /// Names that stand for names that stand for names: at most so many.
    left: usize,
}

const MAX_STEPS: usize = 256;

impl<'g, 'a> Follow<'g, 'a> {
    fn new(graph: &'g Graph<'a>, site: &'g Node<'a>, span: Span) -> Self {
        Self { graph, site, span, edges: Edges::default(), left: MAX_STEPS }
    }

    fn unseen(&mut self, what: String) {
        let file = self.site.declaration.file.clone();
        self.edges.unseen.push(Unseen { file, span: self.span, what });
    }

    fn mention(&mut self, mention: &'a Mention) {
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
    fn finish(&mut self, value: &Value<'a>) {
        match value {
            Value::Storage(Held::SomeTable | Held::Named(_)) => {}
            Value::Storage(held) => self.unseen(format!("{} is used as a value", held.in_words())),
            Value::Declaration(declaration) => self.node(*declaration, None, None, true),
            Value::Member { declaration, member, receiver } => {
                self.node(*declaration, Some(member), Some(*receiver), true);
            }
            Value::Namespace(module) => self.all_of(module),
        }
    }

    fn all_of(&mut self, module: &'a SourcePath) {
        let mut seen = FxHashSet::default();
        let mut queue = vec![module];
        while let Some(module) = queue.pop() {
            if !seen.insert(module) {
                continue;
            }
            for (_, symbol) in self.graph.symbols.exports(module) {
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

    fn values(&mut self, held: &'a Held, site: &Node<'a>) -> Vec<Value<'a>> {
        match held {
            Held::Named(path) => self.path(path, site, &[]),
            held => vec![Value::Storage(held.clone())],
        }
    }

    fn value(&self, symbol: &Symbol) -> Option<Value<'a>> {
        let modules: &'a Modules = self.graph.symbols.modules;
        match symbol {
            Symbol::Declared { module, name } => {
                let (file, contract) = modules.get_key_value(module)?;
                // Only what has facts leads anywhere.
                let reach = contract.reach.iter().find(|reach| reach.name == *name)?;
                Some(Value::Declaration(Declaration { file, name: &reach.name }))
            }
            Symbol::Namespace(module) => Some(Value::Namespace(modules.get_key_value(module)?.0)),
            Symbol::Package { .. } => None,
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
                let table = match called_with(call) {
                    Some(Some(table)) => Held::Table(table.to_owned()),
                    _ => {
                        self.unseen("a computed table name".to_owned());
                        Held::SomeTable
                    }
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
                let base = base_of(site);
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
        let base =
            Node { declaration, member: None, receiver: None, arguments: Vec::new(), whole: false };
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
        let site = base_node(declaration);
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
            // It touches nothing, so that it does not matter what it is given.
            *taken = true;
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
                values.extend(self.values(held, &site));
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

fn base_node(declaration: Declaration<'_>) -> Node<'_> {
    Node { declaration, member: None, receiver: None, arguments: Vec::new(), whole: false }
}

fn base_of<'a>(node: &Node<'a>) -> Node<'a> {
    base_node(node.declaration)
}

fn done<'a>(file: &'a SourcePath, table: &str, name: &str, span: Span) -> Option<Done<'a>> {
    let needs = needed(name)?;
    Some(Done { table: table.to_owned(), name: name.to_owned(), needs, file, span })
}

/// Where the declaration of a fact stands.
fn place(modules: &Modules, file: &SourcePath, fact: &Reach) -> Span {
    let contract = &modules[file];
    let values = contract.values.iter().map(|v| (&v.name, v.span));
    let functions = contract.functions.iter().map(|f| (&f.name, f.span));
    values.chain(functions).find(|(name, _)| **name == fact.name).map_or_else(
        || fact.mentions.first().map_or_else(Span::default, |mention| mention.span),
        |(_, span)| span,
    )
}
