//! Declarations of types: interfaces, aliases, namespaces, and classes as the types they are.

use swc_common::Spanned;
use swc_ecma_ast::{
    Accessibility, Class, ClassMember, Decl, MethodKind, ModuleDecl, ModuleItem,
    ParamOrTsParamProp, Pat, Stmt, TsExprWithTypeArgs, TsInterfaceDecl, TsLit, TsModuleDecl,
    TsModuleName, TsNamespaceBody, TsParamPropParam, TsType, TsTypeAliasDecl,
};

use super::{
    Extractor, constant,
    diagnostics::{repeated, wrong_kind, wrong_value},
    members::has_storage,
    types::{any, expression_path, literal_default},
};
use crate::{
    model::{
        Span,
        contract::{Located, TypeDeclaration, TypeDeclarationKind, TypeStorage},
        types::{FieldStorage, Key, Member, MemberKind, TypeExpr},
    },
    source::{AnnotationName, span},
};

impl Extractor<'_> {
    /// `outer` spans the declaration with its `export`.
    pub fn interface(
        &self,
        interface: &TsInterfaceDecl,
        outer: swc_common::Span,
    ) -> TypeDeclaration {
        let mut storage = self.type_annotations(outer, interface.id.span, "an interface");
        let mut extends = Vec::new();
        for parent in &interface.extends {
            if self.storage_parent(parent, &mut storage) {
                continue;
            }
            extends.extend(self.parent(parent));
        }
        let members = self.members(&interface.body.body);
        TypeDeclaration {
            name: interface.id.sym.to_string(),
            entity: storage != TypeStorage::default() || has_storage(&members),
            storage,
            kind: TypeDeclarationKind::Interface { extends, members },
            type_parameters: self.type_parameters(interface.type_params.as_deref()),
            docs: self.docs(outer.lo),
            span: span(interface.id.span),
        }
    }

    fn parent(&self, parent: &TsExprWithTypeArgs) -> Option<TypeExpr> {
        Some(TypeExpr::Reference {
            name: expression_path(&parent.expr)?,
            arguments: self.type_arguments(parent.type_args.as_deref()),
            span: span(parent.span),
        })
    }

    /// `extends Owned`, `extends Table<'people'>`: no parents, but words about the table.
    fn storage_parent(&self, parent: &TsExprWithTypeArgs, storage: &mut TypeStorage) -> bool {
        let Some(name) = expression_path(&parent.expr).filter(|name| self.is_ours(name)) else {
            return false;
        };
        let at = span(parent.span);
        match self.names.meaning_of_path(&name) {
            Some("Owned") => {
                if !self.inner.get() {
                    self.set_owned(storage, at, &name);
                }
                true
            }
            Some("Table") => {
                let arguments = parent.type_args.as_deref().map(|a| a.params.as_slice());
                let table = match arguments.unwrap_or_default() {
                    [argument] => string_literal(argument),
                    _ => None,
                };
                match table {
                    Some(table) if !self.inner.get() => self.set_table(storage, table, at, &name),
                    Some(_) => {}
                    None => self.report(wrong_value(
                        self.file,
                        at,
                        "Table<…>",
                        "one name in quotes",
                        "write `Table<'people'>`, say",
                    )),
                }
                true
            }
            _ => false,
        }
    }

    fn set_owned(&self, storage: &mut TypeStorage, at: Span, what: &str) {
        match storage.owned {
            Some(first) => self.report(repeated(self.file, at, first, what)),
            None => storage.owned = Some(at),
        }
    }

    fn set_table(&self, storage: &mut TypeStorage, table: Located<String>, at: Span, what: &str) {
        match &storage.table {
            Some(first) => self.report(repeated(self.file, at, first.span, what)),
            None => storage.table = Some(table),
        }
    }

    /// Annotations before an interface or class.
    pub fn type_annotations(
        &self,
        outer: swc_common::Span,
        name: swc_common::Span,
        what: &str,
    ) -> TypeStorage {
        let mut storage = TypeStorage::default();
        if self.inner.get() {
            // They stay, and are reported as attached to the wrong thing.
            return storage;
        }
        let taken = self.annotations.take(outer, name);
        for (i, annotation) in taken.iter().enumerate() {
            self.check_repeated(&taken[..i], annotation);
            match &annotation.name {
                AnnotationName::Owned => {
                    self.no_arguments(annotation);
                    storage.owned = Some(annotation.span);
                }
                AnnotationName::Table => {
                    storage.table = self.table_name(annotation).or(storage.table.take());
                }
                AnnotationName::Backend => self.report(wrong_kind(
                    self.file,
                    annotation.span,
                    "backend",
                    what,
                    "write it before each function or method that clients may call",
                )),
                other => self.report(wrong_kind(
                    self.file,
                    annotation.span,
                    other.as_str(),
                    what,
                    "interfaces and classes take `@owned` and `@table(\"…\")`",
                )),
            }
        }
        storage
    }

    pub fn alias(&self, alias: &TsTypeAliasDecl, outer: swc_common::Span) -> TypeDeclaration {
        let ty = match &*alias.type_ann {
            TsType::TsTypeLit(literal) => TypeExpr::Object(self.members(&literal.members)),
            ty => self.ty(ty),
        };
        let entity = matches!(&ty, TypeExpr::Object(members) if has_storage(members));
        TypeDeclaration {
            name: alias.id.sym.to_string(),
            kind: TypeDeclarationKind::Alias(ty),
            type_parameters: self.type_parameters(alias.type_params.as_deref()),
            docs: self.docs(outer.lo),
            span: span(alias.id.span),
            entity,
            storage: TypeStorage::default(),
        }
    }

    pub fn namespace(
        &self,
        module: &TsModuleDecl,
        outer: swc_common::Span,
    ) -> Option<TypeDeclaration> {
        let Some(TsNamespaceBody::TsModuleBlock(block)) = &module.body else { return None };
        let (name, at) = match &module.id {
            TsModuleName::Ident(id) => (id.sym.to_string(), id.span),
            // `declare module 'name'` in a package's declarations.
            TsModuleName::Str(name) if self.is_declaration_file() => {
                (format!("{:?}", name.value.as_str()?), name.span)
            }
            TsModuleName::Str(_) => return None,
        };
        let declarations = block.body.iter().filter_map(|item| match item {
            ModuleItem::ModuleDecl(ModuleDecl::ExportDecl(export)) => {
                self.type_declaration(&export.decl, export.span)
            }
            ModuleItem::Stmt(Stmt::Decl(decl)) => self.type_declaration(decl, decl.span()),
            _ => None,
        });
        let declarations = self.inside(|| declarations.collect());
        Some(TypeDeclaration {
            name,
            kind: TypeDeclarationKind::Namespace(declarations),
            type_parameters: Vec::new(),
            docs: self.docs(outer.lo),
            span: span(at),
            entity: false,
            storage: TypeStorage::default(),
        })
    }

    pub fn type_declaration(
        &self,
        decl: &Decl,
        outer: swc_common::Span,
    ) -> Option<TypeDeclaration> {
        match decl {
            Decl::TsInterface(interface) => Some(self.interface(interface, outer)),
            Decl::TsTypeAlias(alias) => Some(self.alias(alias, outer)),
            Decl::TsEnum(decl) => Some(self.enumeration(decl, outer)),
            Decl::TsModule(module) => self.namespace(module, outer),
            Decl::Class(class) => Some(self.class(&class.class, &class.ident, outer)),
            Decl::Fn(_) | Decl::Var(_) | Decl::Using(_) => None,
        }
    }

    /// The public instance side of a class.
    pub fn class(
        &self,
        class: &Class,
        ident: &swc_ecma_ast::Ident,
        outer: swc_common::Span,
    ) -> TypeDeclaration {
        let mut storage = self.type_annotations(outer, ident.span, "a class");
        for parent in &class.implements {
            self.storage_parent(parent, &mut storage);
        }
        let mut members = Vec::new();
        for member in &class.body {
            match member {
                ClassMember::ClassProp(prop) => {
                    let mut storage = self.field_annotations(prop.span, prop.key.span());
                    if !is_public(prop.accessibility) || prop.is_static {
                        continue;
                    }
                    let Some(key) = constant::property_key(&prop.key) else { continue };
                    let ty = match &prop.type_ann {
                        Some(t) => {
                            self.field_wrappers(&t.type_ann, &mut storage);
                            self.ty(&t.type_ann)
                        }
                        None => prop.value.as_deref().and_then(literal_default).unwrap_or_else(any),
                    };
                    members.push(Member {
                        kind: MemberKind::Property {
                            key,
                            optional: prop.is_optional,
                            readonly: prop.readonly,
                            ty,
                            storage,
                        },
                        docs: self.docs(prop.span.lo),
                        span: span(prop.span),
                    });
                }
                ClassMember::Method(method)
                    if is_public(method.accessibility) && !method.is_static =>
                {
                    let Some(key) = constant::property_key(&method.key) else { continue };
                    let kind = match method.kind {
                        MethodKind::Method => {
                            let mut signature = self.function_type(&method.function);
                            if signature.result.is_none() {
                                signature.result = Some(any());
                            }
                            MemberKind::Method { key, optional: method.is_optional, signature }
                        }
                        MethodKind::Getter => MemberKind::Getter {
                            key,
                            ty: self
                                .annotation(method.function.return_type.as_deref())
                                .unwrap_or_else(any),
                        },
                        MethodKind::Setter => continue,
                    };
                    members.push(Member {
                        kind,
                        docs: self.docs(method.span.lo),
                        span: span(method.span),
                    });
                }
                ClassMember::Constructor(constructor) => {
                    for param in &constructor.params {
                        let ParamOrTsParamProp::TsParamProp(prop) = param else { continue };
                        let (ident, default) = match &prop.param {
                            TsParamPropParam::Ident(ident) => (ident, None),
                            TsParamPropParam::Assign(assign) => match &*assign.left {
                                Pat::Ident(ident) => (ident, Some(&*assign.right)),
                                _ => continue,
                            },
                        };
                        if is_public(prop.accessibility) {
                            members.push(Member {
                                kind: MemberKind::Property {
                                    key: Key::Name(ident.id.sym.to_string()),
                                    optional: ident.id.optional,
                                    readonly: prop.readonly,
                                    ty: self
                                        .annotation(ident.type_ann.as_deref())
                                        .or_else(|| default.and_then(literal_default))
                                        .unwrap_or_else(any),
                                    storage: FieldStorage::default(),
                                },
                                docs: self.docs(prop.span.lo),
                                span: span(prop.span),
                            });
                        }
                    }
                }
                _ => {}
            }
        }
        let extends = class.super_class.as_deref().and_then(expression_path).map(|name| {
            TypeExpr::Reference {
                name,
                arguments: self.type_arguments(class.super_type_params.as_deref()),
                span: span(class.span),
            }
        });
        TypeDeclaration {
            name: ident.sym.to_string(),
            entity: storage != TypeStorage::default() || has_storage(&members),
            storage,
            kind: TypeDeclarationKind::Class { extends, members },
            type_parameters: self.type_parameters(class.type_params.as_deref()),
            docs: self.docs(outer.lo),
            span: span(ident.span),
        }
    }
}

pub fn is_public(accessibility: Option<Accessibility>) -> bool {
    matches!(accessibility, None | Some(Accessibility::Public))
}

fn string_literal(ty: &TsType) -> Option<Located<String>> {
    let TsType::TsLitType(literal) = ty else { return None };
    let TsLit::Str(text) = &literal.lit else { return None };
    Some(Located { value: text.value.as_str()?.to_owned(), span: span(literal.span) })
}
