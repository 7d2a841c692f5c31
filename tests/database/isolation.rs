//! The cases of Hermitage (github.com/ept/hermitage), and three of our own, in both orders of
//! beginning. An anomaly is one only if every call in it committed: a conflict is the right answer
//! to most of these.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    application::Database,
    call::{Call, End},
    specification::{Specification, SpecifiedCall},
};

#[tokio::test]
async fn functions_isolate_in_every_case_and_order() {
    for whose in [Whose::Main, Whose::Tenant, Whose::SharedRole] {
        let mut world = World::functions(whose).await;
        for (case, order) in
            CASES.iter().flat_map(|case| [(case, Order::FirstFirst), (case, Order::SecondFirst)])
        {
            world = world.emptied().await.with_rows().await;
            let anomaly = case.run(&world, order).await;
            assert_eq!(anomaly, None, "{} {whose:?} {order:?}", case.name());
        }
    }
}

/// The negative control: the same cases find what the specification's own statements let happen.
#[tokio::test]
async fn statements_of_the_specification_do_not_isolate() {
    let mut failed = Vec::new();
    for case in CASES {
        let mut anomalies = Vec::new();
        for order in [Order::FirstFirst, Order::SecondFirst] {
            anomalies.extend(case.run(&World::specification().await, order).await);
        }
        if !anomalies.is_empty() {
            failed.push(case.name());
        }
    }
    assert_eq!(failed, FAIL_AS_SPECIFIED);
}

/// Which of the calls of a case begins first.
#[derive(Clone, Copy, Debug)]
enum Order {
    FirstFirst,
    SecondFirst,
}

/// Whose functions a case is run on.
#[derive(Clone, Copy, Debug)]
enum Whose {
    Main,
    Tenant,
    /// `privileges = "shared"`
    SharedRole,
}

#[derive(Clone, Copy, Debug)]
enum Case {
    G0,
    G1a,
    G1b,
    G1c,
    Otv,
    Pmp,
    PmpWrite,
    P4,
    GSingle,
    GSinglePredicate,
    G2Item,
    G2,
    G2TwoEdges,
    OwnWrites,
    SetAfterDelete,
    InsertInsert,
}

use Case::*;

const CASES: [Case; 16] = [
    G0,
    G1a,
    G1b,
    G1c,
    Otv,
    Pmp,
    PmpWrite,
    P4,
    GSingle,
    GSinglePredicate,
    G2Item,
    G2,
    G2TwoEdges,
    OwnWrites,
    SetAfterDelete,
    InsertInsert,
];

const FAIL_AS_SPECIFIED: [&str; 13] = [
    "G1a",
    "G1b",
    "Pmp",
    "PmpWrite",
    "P4",
    "GSingle",
    "GSinglePredicate",
    "G2Item",
    "G2",
    "G2TwoEdges",
    "OwnWrites",
    "SetAfterDelete",
    "InsertInsert",
];

impl Case {
    fn name(self) -> String {
        format!("{self:?}")
    }

    /// What went wrong. The rows 1 and 2 hold 10 and 20.
    async fn run(self, world: &World, order: Order) -> Option<&'static str> {
        let (mut a, mut b) = match order {
            Order::FirstFirst => {
                let a = world.begin().await;
                (a, world.begin().await)
            }
            Order::SecondFirst => {
                let b = world.begin().await;
                (world.begin().await, b)
            }
        };
        match self {
            G0 => {
                a.set("1", 11).await;
                b.set("1", 12).await;
                a.set("2", 21).await;
                let first = a.commit().await;
                b.set("2", 22).await;
                let second = b.commit().await;
                let rows = world.rows().await;
                let whole = rows == two(11, 21) && first || rows == two(12, 22) && second;
                (!whole).then_some("a dirty write")
            }
            G1a => {
                a.set("1", 101).await;
                let before = b.get("1").await;
                // Nothing more comes of it.
                drop(a);
                let after = b.get("1").await;
                let committed = b.commit().await;
                let dirty = before != Some(10) || after != Some(10);
                (committed && dirty || world.rows().await != two(10, 20))
                    .then_some("an aborted read")
            }
            G1b => {
                a.set("1", 101).await;
                let before = b.get("1").await;
                a.set("1", 11).await;
                a.commit().await;
                let after = b.get("1").await;
                let committed = b.commit().await;
                (committed && (before == Some(101) || before != after))
                    .then_some("an intermediate read")
            }
            G1c => {
                a.set("1", 11).await;
                b.set("2", 22).await;
                let (two, one) = (a.get("2").await, b.get("1").await);
                let both = a.commit().await & b.commit().await;
                // One must have seen the other, and only one.
                (both && (two == Some(22)) == (one == Some(11))).then_some("circular information")
            }
            Otv => {
                let mut c = world.begin().await;
                a.set("1", 11).await;
                a.set("2", 19).await;
                b.set("1", 12).await;
                a.commit().await;
                let one = c.get("1").await;
                b.set("2", 18).await;
                let two = c.get("2").await;
                b.commit().await;
                let again = (c.get("1").await, c.get("2").await);
                let allowed = [(Some(10), Some(20)), (Some(11), Some(19)), (Some(12), Some(18))];
                let steady = (one, two) == again && allowed.contains(&again);
                (c.commit().await && !steady).then_some("a transaction that vanished")
            }
            Pmp => {
                let before = a.query(30).await;
                b.set("3", 30).await;
                b.commit().await;
                let after = a.query(30).await;
                (a.commit().await && before != after).then_some("a phantom")
            }
            PmpWrite => {
                for (id, n) in a.all().await {
                    a.set(&id, n + 10).await;
                }
                let doomed = b.query(20).await;
                let first = a.commit().await;
                for id in doomed.keys() {
                    b.delete(id).await;
                }
                let both = b.commit().await & first;
                // b after a removes row 1; b before a leaves row 1 alone, with 20.
                let rows = world.rows().await;
                let serial =
                    [BTreeMap::from([("2".into(), 30)]), BTreeMap::from([("1".into(), 20)])];
                (both && !serial.contains(&rows)).then_some("a write by an old predicate")
            }
            P4 => {
                let (one, other) = (a.get("1").await.unwrap_or(0), b.get("1").await.unwrap_or(0));
                a.set("1", one + 1).await;
                b.set("1", other + 1).await;
                let both = a.commit().await & b.commit().await;
                (both && world.rows().await != two(12, 20)).then_some("a lost update")
            }
            GSingle => {
                let one = a.get("1").await;
                b.set("1", 12).await;
                b.set("2", 18).await;
                b.commit().await;
                let two = a.get("2").await;
                let skewed =
                    (one, two) != (Some(10), Some(20)) && (one, two) != (Some(12), Some(18));
                (a.commit().await && skewed).then_some("read skew")
            }
            GSinglePredicate => {
                let before = a.query(10).await;
                b.set("1", 12).await;
                b.commit().await;
                let after = a.query(12).await;
                (a.commit().await && before.len() == after.len())
                    .then_some("read skew by predicate")
            }
            G2Item => {
                let sums = (
                    a.get("1").await.unwrap_or(0) + a.get("2").await.unwrap_or(0),
                    b.get("1").await.unwrap_or(0) + b.get("2").await.unwrap_or(0),
                );
                a.set("1", sums.0).await;
                b.set("2", sums.1).await;
                let both = a.commit().await & b.commit().await;
                (both && world.rows().await == two(30, 30)).then_some("write skew")
            }
            G2 => {
                let none = a.query(30).await.is_empty() && b.query(30).await.is_empty();
                a.set("3", 30).await;
                b.set("4", 30).await;
                (a.commit().await & b.commit().await & none).then_some("write skew by predicate")
            }
            G2TwoEdges => {
                a.all().await;
                b.set("2", 25).await;
                b.commit().await;
                let mut c = world.begin().await;
                let seen = c.all().await;
                let read = c.commit().await && seen == two(10, 25);
                a.set("1", 0).await;
                // a before b, b before c, and c before a.
                (a.commit().await & read).then_some("a cycle over three calls")
            }
            OwnWrites => {
                a.set("1", 11).await;
                a.set("3", 11).await;
                let seen = a.get("1").await == Some(11) && a.query(11).await.len() == 2;
                a.delete("3").await;
                let gone = a.get("3").await.is_none() && a.query(11).await.len() == 1;
                (a.commit().await && !(seen && gone)).then_some("own writes are not seen")
            }
            SetAfterDelete => {
                a.delete("1").await;
                a.commit().await;
                let mut c = world.begin().await;
                let gone = c.get("1").await.is_none();
                c.set("1", 13).await;
                let made = c.commit().await;
                let old = b.get("1").await;
                let right = gone && made && world.rows().await == two(13, 20);
                (b.commit().await && !(right && old == Some(13)))
                    .then_some("a row that came back is lost")
            }
            InsertInsert => {
                let free = a.get("3").await.is_none() && b.get("3").await.is_none();
                a.set("3", 31).await;
                b.set("3", 32).await;
                (a.commit().await & b.commit().await & free).then_some("two inserted one row")
            }
        }
    }
}

fn two(one: i64, two: i64) -> BTreeMap<String, i64> {
    BTreeMap::from([("1".to_owned(), one), ("2".to_owned(), two)])
}

/// What the cases are run on.
enum World {
    Functions { database: Database, user: &'static str },
    Specification(Specification),
}

enum Transaction {
    Functions(Call),
    Specification(SpecifiedCall),
}

impl World {
    async fn functions(whose: Whose) -> Self {
        let (database, user) = match whose {
            Whose::Main => (Database::new().await, "alice"),
            Whose::SharedRole => (Database::shared().await.filled().await, "alice"),
            Whose::Tenant => {
                let database = Database::new().await;
                database.tenant("acme").await;
                (database, "alice of acme")
            }
        };
        Self::Functions { database, user }
    }

    /// Not even a removed row is left.
    async fn emptied(self) -> Self {
        if let Self::Functions { database, .. } = &self {
            let owner = database.owner().await;
            let sql = "SELECT string_agg(format('DELETE FROM kdata.%I', ptr), '; ') FROM kontract.storage";
            let empty: String = owner.query_one(sql, &[]).await.unwrap().get(0);
            owner.batch_execute(&empty).await.unwrap();
        }
        self
    }

    async fn specification() -> Self {
        let client = Database::empty().owner().await;
        Self::Specification(Specification::new(client).await).with_rows().await
    }

    async fn with_rows(self) -> Self {
        let mut transaction = self.begin().await;
        transaction.set("1", 10).await;
        transaction.set("2", 20).await;
        assert!(transaction.commit().await);
        self
    }

    async fn begin(&self) -> Transaction {
        match self {
            Self::Functions { database, user } => {
                Transaction::Functions(Call::begin(database, user).await)
            }
            Self::Specification(specification) => Transaction::Specification(specification.begin()),
        }
    }

    /// All rows, as a call that begins now sees them.
    async fn rows(&self) -> BTreeMap<String, i64> {
        self.begin().await.all().await
    }
}

impl Transaction {
    async fn get(&mut self, id: &str) -> Option<i64> {
        let row = match self {
            Self::Functions(call) => call.get("counters", id).await,
            Self::Specification(call) => call.get(id).await,
        };
        row.map(|row| number(&row))
    }

    /// The rows with this number.
    async fn query(&mut self, n: i64) -> BTreeMap<String, i64> {
        self.containing(json!({ "n": n })).await
    }

    async fn all(&mut self) -> BTreeMap<String, i64> {
        self.containing(json!({})).await
    }

    async fn containing(&mut self, part: Value) -> BTreeMap<String, i64> {
        let rows = match self {
            Self::Functions(call) => call.query("counters", part).await,
            Self::Specification(call) => call.query(&part).await,
        };
        rows.into_iter().map(|(id, row)| (id, number(&row))).collect()
    }

    async fn set(&mut self, id: &str, n: i64) {
        match self {
            Self::Functions(call) => call.write("counters", "set", id, json!({ "n": n })),
            Self::Specification(call) => call.set(id, n).await,
        }
    }

    async fn delete(&mut self, id: &str) {
        match self {
            Self::Functions(call) => call.delete("counters", id),
            Self::Specification(call) => call.delete(id).await,
        }
    }

    async fn commit(self) -> bool {
        match self {
            Self::Functions(call) => call.commit().await == End::Committed,
            // 7.3.1 removes a row of `trxs`; every statement has taken effect before.
            Self::Specification(_) => true,
        }
    }
}

fn number(row: &Value) -> i64 {
    row["n"].as_i64().unwrap()
}
