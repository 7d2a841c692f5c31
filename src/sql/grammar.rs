//! What a statement may be made of, as `sqlparser` serializes its tree. A node, variant or field
//! that does not stand here is refused, be it of a later version of the parser or of another
//! database.

/// What a node of the tree may be.
pub enum Kind {
    /// Where a token stood; it means nothing.
    Place,
    /// Yes or no.
    Flag,
    /// How long a value is.
    Length,
    List(&'static Kind),
    Tuple(&'static [&'static Kind]),
    Struct(&'static [(&'static str, &'static Kind)]),
    /// Variants with what they hold; [`UNIT`] holds nothing.
    Enum(&'static [(&'static str, &'static Kind)]),
    /// Any of two forms.
    Either(&'static Kind, &'static Kind),
    /// A node that means something beside its form.
    Is(Meaning, &'static Kind),
}

/// What the walk looks at more closely.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// A name, which is printed in quotes.
    Name,
    /// A name with dots in it.
    ObjectName,
    Literal,
    Function,
    Type,
    Operator,
    /// An expression inside another, which is printed in parentheses.
    Operand,
    /// A table, or a function in the place of one.
    Relation,
    /// What is compared.
    Comparison,
    /// A sign before an operation: it is not told alike what it belongs to.
    Signed,
}

use Kind::{Either, Enum, Flag, Is, Length, List, Place, Struct, Tuple};
use Meaning::{
    Comparison, Function, Literal, Name, ObjectName, Operand, Operator, Relation, Signed, Type,
};

pub static UNIT: Kind = Tuple(&[]);

pub static STATEMENT: Kind = Enum(&[("Query", &QUERY)]);

static QUERY: Kind = Struct(&[
    ("with", &Struct(&[("with_token", &Place), ("cte_tables", &List(&CTE))])),
    ("body", &SET),
    ("order_by", &Struct(&[("kind", &Enum(&[("Expressions", &List(&SORT))]))])),
    (
        "limit_clause",
        &Enum(&[(
            "LimitOffset",
            &Struct(&[
                ("limit", &EXPR),
                (
                    "offset",
                    &Struct(&[
                        ("value", &EXPR),
                        ("rows", &Enum(&[("None", &UNIT), ("Row", &UNIT), ("Rows", &UNIT)])),
                    ]),
                ),
            ]),
        )]),
    ),
    ("fetch", &Struct(&[("with_ties", &Flag), ("quantity", &EXPR)])),
]);

static CTE: Kind = Struct(&[
    ("alias", &ALIAS),
    ("query", &QUERY),
    ("materialized", &Enum(&[("Materialized", &UNIT), ("NotMaterialized", &UNIT)])),
    ("closing_paren_token", &Place),
]);

static ALIAS: Kind = Struct(&[
    ("explicit", &Flag),
    ("name", &NAME),
    ("columns", &List(&Struct(&[("name", &NAME)]))),
]);

static SET: Kind = Enum(&[
    ("Select", &SELECT),
    ("Query", &QUERY),
    (
        "SetOperation",
        &Struct(&[
            ("left", &SET),
            ("op", &Enum(&[("Union", &UNIT), ("Except", &UNIT), ("Intersect", &UNIT)])),
            ("set_quantifier", &Enum(&[("None", &UNIT), ("All", &UNIT), ("Distinct", &UNIT)])),
            ("right", &SET),
        ]),
    ),
    ("Values", &VALUES),
]);

static VALUES: Kind = Struct(&[(
    "rows",
    &List(&Struct(&[
        ("opening_token", &Place),
        ("content", &List(&EXPR)),
        ("closing_token", &Place),
    ])),
)]);

static SELECT: Kind = Struct(&[
    ("select_token", &Place),
    ("distinct", &Enum(&[("Distinct", &UNIT), ("On", &List(&EXPR))])),
    ("projection", &List(&ITEM)),
    ("from", &List(&SOURCE)),
    ("selection", &EXPR),
    ("group_by", &Enum(&[("Expressions", &Tuple(&[&List(&GROUP), &List(&NOTHING)]))])),
    ("having", &EXPR),
    ("named_window", &List(&Tuple(&[&NAME, &Enum(&[("WindowSpec", &WINDOW)])]))),
    ("window_before_qualify", &Flag),
    ("flavor", &Enum(&[("Standard", &UNIT)])),
]);

/// No element is of this kind.
static NOTHING: Kind = Enum(&[]);

static ITEM: Kind = Enum(&[
    ("UnnamedExpr", &EXPR),
    ("ExprWithAlias", &Struct(&[("expr", &EXPR), ("alias", &NAME)])),
    ("Wildcard", &WILDCARD),
    ("QualifiedWildcard", &Tuple(&[&Enum(&[("ObjectName", &OBJECT_NAME)]), &WILDCARD])),
]);

static WILDCARD: Kind = Struct(&[("wildcard_token", &Place)]);

static GROUP: Kind = Either(
    &Enum(&[
        ("GroupingSets", &List(&List(&EXPR))),
        ("Cube", &List(&List(&EXPR))),
        ("Rollup", &List(&List(&EXPR))),
    ]),
    &EXPR,
);

static SOURCE: Kind = Struct(&[("relation", &RELATION), ("joins", &List(&JOIN))]);

static JOIN: Kind = Struct(&[
    ("relation", &RELATION),
    (
        "join_operator",
        &Enum(&[
            ("Join", &CONSTRAINT),
            ("Inner", &CONSTRAINT),
            ("Left", &CONSTRAINT),
            ("LeftOuter", &CONSTRAINT),
            ("Right", &CONSTRAINT),
            ("RightOuter", &CONSTRAINT),
            ("FullOuter", &CONSTRAINT),
            ("CrossJoin", &Enum(&[("None", &UNIT)])),
        ]),
    ),
]);

static CONSTRAINT: Kind = Enum(&[("On", &EXPR), ("Using", &List(&OBJECT_NAME)), ("None", &UNIT)]);

static RELATION: Kind = Enum(&[
    (
        "Table",
        &Is(
            Relation,
            &Struct(&[
                ("name", &CALLED),
                ("alias", &ALIAS),
                ("args", &Struct(&[("args", &List(&ARGUMENT))])),
                ("with_ordinality", &Flag),
            ]),
        ),
    ),
    ("Derived", &Struct(&[("lateral", &Flag), ("subquery", &QUERY), ("alias", &ALIAS)])),
    (
        "Function",
        &Is(
            Function,
            &Struct(&[
                ("lateral", &Flag),
                ("name", &CALLED),
                ("args", &List(&ARGUMENT)),
                ("with_ordinality", &Flag),
                ("alias", &ALIAS),
            ]),
        ),
    ),
    (
        "UNNEST",
        &Struct(&[("alias", &ALIAS), ("array_exprs", &List(&EXPR)), ("with_ordinality", &Flag)]),
    ),
    ("NestedJoin", &Struct(&[("table_with_joins", &SOURCE), ("alias", &ALIAS)])),
]);

static ARGUMENT: Kind = Enum(&[("Unnamed", &Enum(&[("Expr", &EXPR), ("Wildcard", &UNIT)]))]);

static SORT: Kind = Struct(&[
    ("expr", &EXPR),
    (
        "options",
        &Struct(&[
            ("sort", &Enum(&[("Asc", &UNIT), ("Desc", &UNIT)])),
            ("asc", &Flag),
            ("nulls_first", &Flag),
        ]),
    ),
]);

static WINDOW: Kind = Struct(&[
    ("window_name", &NAME),
    ("partition_by", &List(&EXPR)),
    ("order_by", &List(&SORT)),
    (
        "window_frame",
        &Struct(&[
            ("units", &Enum(&[("Rows", &UNIT), ("Range", &UNIT), ("Groups", &UNIT)])),
            ("start_bound", &BOUND),
            ("end_bound", &BOUND),
        ]),
    ),
]);

static BOUND: Kind = Enum(&[("CurrentRow", &UNIT), ("Preceding", &EXPR), ("Following", &EXPR)]);

static NAME: Kind =
    Is(Name, &Struct(&[("value", &Place), ("quote_style", &Place), ("span", &Place)]));

static OBJECT_NAME: Kind = Is(ObjectName, &List(&Enum(&[("Identifier", &NAME)])));

/// The name of a function or table: seen to where it is known which.
static CALLED: Kind = Place;

static VALUE: Kind = Is(Literal, &Struct(&[("value", &Place), ("span", &Place)]));

static OPERAND: Kind = Is(Operand, &EXPR);

static BINARY: Kind = Is(Operator, &Place);

macro_rules! operand {
    ($name:literal) => {
        ($name, &OPERAND)
    };
}

static LIKE: Kind = Struct(&[
    ("negated", &Flag),
    ("any", &Flag),
    ("expr", &OPERAND),
    ("pattern", &OPERAND),
    ("escape_char", &OPERAND),
]);

static EITHER_OF_TWO: Kind =
    Struct(&[("left", &OPERAND), ("compare_op", &BINARY), ("right", &EXPR), ("is_some", &Flag)]);

static ROUNDED: Kind = Struct(&[
    ("expr", &EXPR),
    ("field", &Enum(&[("DateTimeField", &Enum(&[("NoDateTime", &UNIT)]))])),
]);

pub static EXPR: Kind = Enum(&[
    ("Identifier", &NAME),
    ("CompoundIdentifier", &List(&NAME)),
    (
        "CompoundFieldAccess",
        &Struct(&[
            ("root", &OPERAND),
            (
                "access_chain",
                &List(&Enum(&[(
                    "Subscript",
                    &Enum(&[
                        ("Index", &Struct(&[("index", &EXPR)])),
                        ("Slice", &Struct(&[("lower_bound", &EXPR), ("upper_bound", &EXPR)])),
                    ]),
                )])),
            ),
        ]),
    ),
    operand!("IsFalse"),
    operand!("IsNotFalse"),
    operand!("IsTrue"),
    operand!("IsNotTrue"),
    operand!("IsNull"),
    operand!("IsNotNull"),
    operand!("IsUnknown"),
    operand!("IsNotUnknown"),
    ("IsDistinctFrom", &Tuple(&[&OPERAND, &OPERAND])),
    ("IsNotDistinctFrom", &Tuple(&[&OPERAND, &OPERAND])),
    ("InList", &Struct(&[("expr", &OPERAND), ("list", &List(&EXPR)), ("negated", &Flag)])),
    ("InSubquery", &Struct(&[("expr", &OPERAND), ("subquery", &QUERY), ("negated", &Flag)])),
    (
        "Between",
        &Is(
            Comparison,
            &Struct(&[
                ("expr", &OPERAND),
                ("negated", &Flag),
                ("low", &OPERAND),
                ("high", &OPERAND),
            ]),
        ),
    ),
    (
        "BinaryOp",
        &Is(Comparison, &Struct(&[("left", &OPERAND), ("op", &BINARY), ("right", &OPERAND)])),
    ),
    ("Like", &LIKE),
    ("ILike", &LIKE),
    ("SimilarTo", &LIKE),
    ("AnyOp", &EITHER_OF_TWO),
    ("AllOp", &EITHER_OF_TWO),
    (
        "UnaryOp",
        &Is(
            Signed,
            &Struct(&[
                ("op", &Enum(&[("Not", &UNIT), ("Minus", &UNIT), ("Plus", &UNIT)])),
                ("expr", &OPERAND),
            ]),
        ),
    ),
    (
        "Cast",
        &Struct(&[
            ("kind", &Enum(&[("Cast", &UNIT), ("DoubleColon", &UNIT)])),
            ("expr", &OPERAND),
            ("data_type", &TYPE),
        ]),
    ),
    ("AtTimeZone", &Struct(&[("timestamp", &OPERAND), ("time_zone", &OPERAND)])),
    (
        "Extract",
        &Struct(&[("field", &UNITS), ("syntax", &Enum(&[("From", &UNIT)])), ("expr", &EXPR)]),
    ),
    ("Ceil", &ROUNDED),
    ("Floor", &ROUNDED),
    ("Position", &Struct(&[("expr", &OPERAND), ("in", &OPERAND)])),
    (
        "Substring",
        &Struct(&[
            ("expr", &EXPR),
            ("substring_from", &EXPR),
            ("substring_for", &EXPR),
            ("special", &Flag),
            ("shorthand", &Flag),
        ]),
    ),
    (
        "Trim",
        &Struct(&[
            ("trim_where", &Enum(&[("Both", &UNIT), ("Leading", &UNIT), ("Trailing", &UNIT)])),
            ("trim_what", &EXPR),
            ("expr", &EXPR),
        ]),
    ),
    (
        "Overlay",
        &Struct(&[
            ("expr", &OPERAND),
            ("overlay_what", &OPERAND),
            ("overlay_from", &OPERAND),
            ("overlay_for", &OPERAND),
        ]),
    ),
    ("Nested", &EXPR),
    ("Value", &VALUE),
    ("TypedString", &Struct(&[("data_type", &TYPE), ("value", &VALUE)])),
    (
        "Function",
        &Is(
            Function,
            &Struct(&[
                ("name", &CALLED),
                ("parameters", &Enum(&[("None", &UNIT)])),
                (
                    "args",
                    &Enum(&[
                        (
                            "List",
                            &Struct(&[
                                (
                                    "duplicate_treatment",
                                    &Enum(&[("Distinct", &UNIT), ("All", &UNIT)]),
                                ),
                                ("args", &List(&ARGUMENT)),
                                ("clauses", &List(&Enum(&[("OrderBy", &List(&SORT))]))),
                            ]),
                        ),
                        ("Subquery", &QUERY),
                    ]),
                ),
                ("within_group", &List(&SORT)),
                ("filter", &EXPR),
                ("over", &Enum(&[("WindowSpec", &WINDOW), ("NamedWindow", &NAME)])),
            ]),
        ),
    ),
    (
        "Case",
        &Struct(&[
            ("case_token", &Place),
            ("end_token", &Place),
            ("operand", &EXPR),
            ("conditions", &List(&Struct(&[("condition", &EXPR), ("result", &EXPR)]))),
            ("else_result", &EXPR),
        ]),
    ),
    ("Exists", &Struct(&[("subquery", &QUERY), ("negated", &Flag)])),
    ("Subquery", &QUERY),
    ("Tuple", &List(&EXPR)),
    ("Array", &Struct(&[("elem", &List(&EXPR)), ("named", &Flag)])),
    ("Interval", &Struct(&[("value", &EXPR), ("leading_field", &UNITS)])),
]);

static UNITS: Kind = Enum(&[
    ("Century", &UNIT),
    ("Day", &UNIT),
    ("Days", &UNIT),
    ("Decade", &UNIT),
    ("Dow", &UNIT),
    ("Doy", &UNIT),
    ("Epoch", &UNIT),
    ("Hour", &UNIT),
    ("Hours", &UNIT),
    ("Isodow", &UNIT),
    ("Isoyear", &UNIT),
    ("Microseconds", &UNIT),
    ("Millennium", &UNIT),
    ("Milliseconds", &UNIT),
    ("Minute", &UNIT),
    ("Minutes", &UNIT),
    ("Month", &UNIT),
    ("Months", &UNIT),
    ("Quarter", &UNIT),
    ("Second", &UNIT),
    ("Seconds", &UNIT),
    ("Week", &NOTHING),
    ("Year", &UNIT),
    ("Years", &UNIT),
]);

static TYPE: Kind = Is(Type, &TYPES);

static TYPES: Kind = Enum(&[
    ("Text", &UNIT),
    ("Varchar", &CHARACTERS),
    ("CharacterVarying", &CHARACTERS),
    ("SmallInt", &NOTHING),
    ("Int2", &NOTHING),
    ("Int", &NOTHING),
    ("Int4", &NOTHING),
    ("Integer", &NOTHING),
    ("BigInt", &NOTHING),
    ("Int8", &NOTHING),
    ("Numeric", &PRECISION),
    ("Decimal", &PRECISION),
    ("Real", &UNIT),
    ("Float4", &UNIT),
    ("Float8", &UNIT),
    ("DoublePrecision", &UNIT),
    ("Boolean", &UNIT),
    ("Bool", &UNIT),
    ("Date", &UNIT),
    ("Time", &ZONED),
    ("Timestamp", &ZONED),
    ("Interval", &Struct(&[])),
    ("JSON", &UNIT),
    ("JSONB", &UNIT),
    ("Uuid", &UNIT),
    ("Array", &Enum(&[("SquareBracket", &Tuple(&[&TYPES, &NOTHING]))])),
]);

static CHARACTERS: Kind = Enum(&[("IntegerLength", &Struct(&[("length", &Length)]))]);

static PRECISION: Kind = Enum(&[
    ("None", &UNIT),
    ("Precision", &Length),
    ("PrecisionAndScale", &Tuple(&[&Length, &Length])),
]);

static ZONED: Kind = Tuple(&[
    &Length,
    &Enum(&[("None", &UNIT), ("WithTimeZone", &UNIT), ("WithoutTimeZone", &UNIT), ("Tz", &UNIT)]),
]);

/// Whether types of this name may be used.
pub fn is_type(name: &str) -> bool {
    matches!(&TYPES, Enum(known) if known.iter().any(|(known, _)| *known == name))
}
