-- What the gateway may do, of what is the same in every database.

REVOKE ALL ON ALL TABLES IN SCHEMA kontract, kdata FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA kontract FROM PUBLIC;
REVOKE ALL ON TYPE kontract.item FROM PUBLIC;
GRANT USAGE ON SCHEMA kontract TO {gateway};
GRANT SELECT ON kontract.storage, kontract.trxs TO {gateway};
GRANT EXECUTE ON FUNCTION
  kontract.session(bytea, text),
  kontract.session_anonymous(bytea, int, int, text),
  kontract.session_guest(bytea, int, int, text),
  kontract.session_open(bytea, text, int),
  kontract.session_close(bytea, text),
  kontract.account_create(text, text, int, bytea, int, text),
  kontract.account_by_email(text, text),
  kontract.account_rehash(text, text, text),
  kontract.set_groups(bytea, text, text[]),
  kontract.me(bytea, text),
  kontract.schema(),
  kontract.statements(),
  kontract.commit(bytea, text, jsonb, jsonb, jsonb),
  kontract.commit_bare(bytea, text, jsonb, jsonb, jsonb),
  kontract.commit_keyed(bytea, text, jsonb, jsonb, jsonb, bytea),
  kontract.claim(bytea, text, bytea),
  kontract.answer(bytea, text),
  kontract.shared_get(bytea, text),
  kontract.shared_change(bytea, text, int, bytea, text, text, text, float8, float8),
  kontract.collect(int)
TO {gateway};
