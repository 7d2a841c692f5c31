//! The call graph: which tables a route touches, itself and through everything that it mentions,
//! across files.
//!
//! Input: the facts of `extract`, and `getUser`, which mentions `library.find`, which reads `users`.
//! Output: `getUser` reads `users`; its permission is R where the annotation gives none.

mod diagnostics;
mod follow;

use std::{
    collections::{BTreeMap, VecDeque},
    rc::Rc,
};

use rustc_hash::{FxHashMap, FxHashSet};

use self::{
    diagnostics::{Uncovered, declared_narrower, permission_unknown},
    follow::Follow,
};
use super::{super::extract::exec_not_on_one_table, symbols::Symbols};
use crate::model::{
    SourcePath, Span,
    app::{Modules, Route, SOME_FIELDS, Unseen},
    contract::{BackendFunction, Isolation},
    diagnostic::Diagnostic,
    perms,
    reach::{Held, Reach, Search, Write, needed},
};

/// Fills `tables` and what belongs to it, `unseen`, `reads`, `contained` and `perm` of each route.
pub fn reach(
    symbols: Symbols<'_>,
    middleware: Option<&SourcePath>,
    routes: &mut BTreeMap<String, Route>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let mut graph = Graph::new(symbols);
    let chains = middleware.map(|file| graph.whole(file, "default"));
    let chains_read = chains.as_ref().is_none_or(Reached::only_reads);
    let chains_contained = chains.as_ref().is_none_or(Reached::is_contained);
    let mut told = FxHashSet::default();
    for (name, route) in routes.iter_mut() {
        let function = &symbols.modules[&route.module].functions[route.function];
        let reached = graph.from(&route.module, function);
        unseen_statements(symbols.modules, &reached, &mut told, diagnostics);
        let writes = reached.writes();
        for (_, operation) in reached.operations() {
            match route.tables.get_mut(&operation.table) {
                Some(mask) => *mask |= operation.needs,
                None => {
                    route.tables.insert(operation.table.clone(), operation.needs);
                }
            }
            let operations = route.operations.entry(operation.table.clone()).or_default();
            operations.insert(operation.name.clone());
            if operation.needs == perms::WRITE {
                let fields = route.writes.entry(operation.table.clone()).or_default();
                match writes.get(&(operation.file, operation.span)) {
                    Some(write) => fields.extend(written(write)),
                    None => drop(fields.insert(SOME_FIELDS.to_owned())),
                }
            }
        }
        let seen = route.tables.values().fold(0, |all, mask| all | mask);
        route.searches = reached.searches();
        route.unseen = reached.unseen(&graph, function);
        route.reads = reached.only_reads()
            && route.unseen.is_empty()
            && (route.chain.is_empty() || chains_read);
        route.contained = reached.is_contained()
            && route.unseen.is_empty()
            && function.isolation != Isolation::None
            && (route.chain.is_empty() || chains_contained);
        route.perm = function.perm.unwrap_or(seen);
        match function.perm {
            Some(declared) if seen & !declared != 0 => {
                let uncovered = graph.uncovered(declared, &reached);
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

/// `exec` on what only other files know to be a table. Uses of what it returns lead through the same
/// place, so the first is told.
fn unseen_statements<'a>(
    modules: &Modules,
    reached: &Reached<'a>,
    told: &mut FxHashSet<(&'a SourcePath, String)>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (_, done) in reached.operations().filter(|(_, done)| done.name == "exec") {
        let module = &modules[done.file];
        let is_seen =
            module.broken || module.statements.iter().any(|call| call.callee == done.span);
        if !is_seen && told.insert((done.file, done.table.clone())) {
            diagnostics.push(exec_not_on_one_table(done.file, done.span));
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
    Member {
        declaration: Declaration<'a>,
        member: &'a str,
        receiver: Declaration<'a>,
    },
    Namespace(&'a SourcePath),
    /// `import * as k from 'kontract/runtime'`, in another file.
    Runtime,
}

/// What a node does by itself.
#[derive(Default)]
struct Edges<'a> {
    operations: Vec<Done<'a>>,
    searches: Vec<(&'a SourcePath, &'a Search)>,
    writes: Vec<(&'a SourcePath, &'a Write)>,
    unseen: Vec<Unseen>,
    effects: bool,
    transactions: bool,
    next: Vec<Node<'a>>,
}

struct Done<'a> {
    table: String,
    name: String,
    needs: u8,
    file: &'a SourcePath,
    span: Span,
}

/// What a route comes to: the nodes in the order of their distance.
struct Reached<'a> {
    start: Node<'a>,
    nodes: Vec<(usize, Rc<Edges<'a>>)>,
}

struct Graph<'a> {
    symbols: Symbols<'a>,
    facts: FxHashMap<Declaration<'a>, Vec<&'a Reach>>,
    ids: FxHashMap<Node<'a>, usize>,
    nodes: Vec<Known<'a>>,
    /// How many routes have been followed.
    round: usize,
}

/// A node that was met.
struct Known<'a> {
    node: Node<'a>,
    /// What it does, and the nodes that follow. None: nobody has looked.
    edges: Option<(Rc<Edges<'a>>, Rc<[usize]>)>,
    /// The last round that came by, and from where.
    round: usize,
    parent: Option<usize>,
}

impl<'a> Node<'a> {
    fn base(declaration: Declaration<'a>) -> Self {
        Self { declaration, member: None, receiver: None, arguments: Vec::new(), whole: false }
    }
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
        Self { symbols, facts, ids: FxHashMap::default(), nodes: Vec::new(), round: 0 }
    }

    fn id(&mut self, node: &Node<'a>) -> usize {
        if let Some(id) = self.ids.get(node) {
            return *id;
        }
        let id = self.nodes.len();
        self.nodes.push(Known { node: node.clone(), edges: None, round: 0, parent: None });
        self.ids.insert(node.clone(), id);
        id
    }

    /// What is run where a route is called.
    fn from(&mut self, file: &'a SourcePath, function: &'a BackendFunction) -> Reached<'a> {
        let declaration = Declaration { file, name: function.local() };
        let base = Node::base(declaration);
        let start = Node {
            member: function.class.as_ref().map(|_| function.name.as_str()),
            receiver: function.class.as_ref().map(|_| declaration),
            ..base.clone()
        };
        let own = function.class.is_some().then_some(base);
        self.reached(start, own)
    }

    /// What is run where all of a declaration may be.
    fn whole(&mut self, file: &'a SourcePath, name: &'a str) -> Reached<'a> {
        let start = Node { whole: true, ..Node::base(Declaration { file, name }) };
        self.reached(start, None)
    }

    /// Breadth first, so that the path shown is a shortest one.
    fn reached(&mut self, start: Node<'a>, own: Option<Node<'a>>) -> Reached<'a> {
        self.round += 1;
        let mut queue = VecDeque::new();
        let start_id = self.id(&start);
        self.visit(start_id, None, &mut queue);
        if let Some(own) = own {
            let own = self.id(&own);
            self.visit(own, Some(start_id), &mut queue);
        }
        let mut nodes = Vec::new();
        while let Some(id) = queue.pop_front() {
            let (edges, next) = self.edges(id);
            for next in next.iter() {
                self.visit(*next, Some(id), &mut queue);
            }
            nodes.push((id, edges));
        }
        Reached { start, nodes }
    }

    fn visit(&mut self, id: usize, parent: Option<usize>, queue: &mut VecDeque<usize>) {
        let known = &mut self.nodes[id];
        if known.round != self.round {
            known.round = self.round;
            known.parent = parent;
            queue.push_back(id);
        }
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

    fn edges(&mut self, id: usize) -> (Rc<Edges<'a>>, Rc<[usize]>) {
        if let Some(known) = &self.nodes[id].edges {
            return known.clone();
        }
        let node = self.nodes[id].node.clone();
        let mut edges = self.look_at(&node);
        let mut next = Vec::new();
        let mut seen = FxHashSet::default();
        for node in std::mem::take(&mut edges.next) {
            let node = self.id(&node);
            if node != id && seen.insert(node) {
                next.push(node);
            }
        }
        let known = (Rc::new(edges), Rc::from(next));
        self.nodes[id].edges = Some(known.clone());
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
                edges.effects |= found.effects;
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
        edges.searches.extend(fact.searches.iter().map(|search| (file, search)));
        edges.writes.extend(fact.writes.iter().map(|write| (file, write)));
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
            edges.effects |= found.effects;
            edges.unseen.extend(found.unseen);
            edges.operations.extend(found.operations);
            edges.next.extend(found.next);
        }
        edges.effects |= fact.effects;
        edges.transactions |= fact.transactions;
        edges
    }

    /// For each permission that is missing the first operation that needs it.
    fn uncovered<'r>(&self, declared: u8, reached: &'r Reached<'a>) -> Vec<Uncovered<'r>> {
        [perms::READ, perms::WRITE, perms::REMOVE]
            .into_iter()
            .filter(|bit| declared & bit == 0)
            .filter_map(|bit| reached.operations().find(|(_, done)| done.needs == bit))
            .map(|(id, done)| Uncovered {
                file: done.file,
                span: done.span,
                table: &done.table,
                operation: &done.name,
                needs: done.needs,
                path: self.path(id),
            })
            .collect()
    }

    /// From the route of this round to a node, by name.
    fn path(&self, id: usize) -> Vec<String> {
        let mut path: Vec<String> = Vec::new();
        let mut at = Some(id);
        while let Some(known) = at.and_then(|id| self.nodes.get(id)) {
            let name = match known.node.member {
                Some(member) => format!("{}.{member}", known.node.declaration.name),
                None => known.node.declaration.name.to_owned(),
            };
            if path.last() != Some(&name) {
                path.push(name);
            }
            at = known.parent;
        }
        path.reverse();
        path
    }
}

impl<'a> Reached<'a> {
    /// With the node that does it.
    fn operations(&self) -> impl Iterator<Item = (usize, &Done<'a>)> {
        self.nodes.iter().flat_map(|(id, edges)| edges.operations.iter().map(|done| (*id, done)))
    }

    /// Nothing that it does, as far as that was followed, is seen afterwards.
    fn only_reads(&self) -> bool {
        self.has_no_effects() && self.operations().all(|(_, done)| done.needs == perms::READ)
    }

    /// What it does, as far as that was followed, is all in the transaction of the call.
    fn is_contained(&self) -> bool {
        self.has_no_effects() && self.nodes.iter().all(|(_, edges)| !edges.transactions)
    }

    /// None beside its operations on tables.
    fn has_no_effects(&self) -> bool {
        self.nodes.iter().all(|(_, edges)| !edges.effects && edges.unseen.is_empty())
    }

    fn searches(&self) -> Vec<(SourcePath, Search)> {
        let all = self.nodes.iter().flat_map(|(_, edges)| &edges.searches);
        all.map(|(file, search)| ((*file).clone(), (*search).clone())).collect()
    }

    /// By the places of their operations.
    fn writes(&self) -> FxHashMap<(&'a SourcePath, Span), &'a Write> {
        let all = self.nodes.iter().flat_map(|(_, edges)| &edges.writes);
        all.map(|(file, write)| ((*file, write.span), *write)).collect()
    }

    fn unseen(&self, graph: &Graph<'a>, function: &BackendFunction) -> Vec<Unseen> {
        let own = graph.returned(&self.start, function);
        let others = self.nodes.iter().flat_map(|(_, edges)| edges.unseen.iter().cloned());
        let mut unseen: Vec<Unseen> = others.chain(own).collect();
        unseen.sort();
        unseen.dedup();
        unseen
    }
}

fn done<'a>(file: &'a SourcePath, table: &str, name: &str, span: Span) -> Option<Done<'a>> {
    let needs = needed(name)?;
    Some(Done { table: table.to_owned(), name: name.to_owned(), needs, file, span })
}

fn written(write: &Write) -> impl Iterator<Item = String> {
    write.fields.iter().cloned().chain(write.others.then(|| SOME_FIELDS.to_owned()))
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
