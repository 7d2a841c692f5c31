CREATE TYPE order_status AS ENUM ('open', 'paid', 'it''s gone');
CREATE DOMAIN email_address AS text CHECK (VALUE ~ '@');
CREATE TABLE customers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email email_address NOT NULL UNIQUE,
  password_hash text NOT NULL,
  born date,
  tags text[] NOT NULL DEFAULT '{}',
  data jsonb NOT NULL DEFAULT '{}',
  "strange name" text NOT NULL DEFAULT 'it''s',
  created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE customers IS 'Who buys.
Two lines; and */ too.';
COMMENT ON COLUMN customers.born IS 'A day.';
CREATE TABLE orders (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  customer_id bigint NOT NULL REFERENCES customers ON DELETE CASCADE,
  referred_by email_address REFERENCES customers (email),
  status order_status NOT NULL DEFAULT 'open',
  history order_status[],
  amount numeric(12, 2) NOT NULL CHECK (amount >= 0),
  quantity int NOT NULL DEFAULT 1,
  weight double precision NOT NULL DEFAULT 1.5,
  express boolean NOT NULL DEFAULT false,
  doubled int GENERATED ALWAYS AS (quantity * 2) STORED,
  receipt bytea
);
CREATE INDEX ON orders (customer_id);
CREATE INDEX ON orders (status, quantity);
CREATE INDEX ON orders (lower(referred_by));
CREATE TABLE lines (order_id uuid NOT NULL REFERENCES orders, product int NOT NULL, PRIMARY KEY (order_id, product));
CREATE TABLE "Log" (id int, at timestamp NOT NULL);
CREATE TABLE measures (at date NOT NULL, value real) PARTITION BY RANGE (at);
CREATE TABLE measures_old PARTITION OF measures FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE SCHEMA archive;
CREATE TABLE archive.orders (id uuid PRIMARY KEY, body jsonb);
CREATE VIEW big AS SELECT * FROM orders WHERE amount > 100;
CREATE TABLE _prisma_migrations (id text PRIMARY KEY);
