CREATE SCHEMA auth;
CREATE SCHEMA storage;
CREATE TABLE auth.users (id uuid PRIMARY KEY, encrypted_password text);
CREATE TABLE storage.objects (id uuid PRIMARY KEY, bucket text);
CREATE FUNCTION auth.uid() RETURNS uuid LANGUAGE sql STABLE AS 'SELECT NULL::uuid';
CREATE TABLE todos (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  user_id uuid NOT NULL REFERENCES auth.users,
  task text NOT NULL
);
ALTER TABLE todos ENABLE ROW LEVEL SECURITY;
CREATE POLICY "own todos" ON todos FOR SELECT USING (auth.uid() = user_id);
CREATE POLICY "make todos" ON todos FOR INSERT WITH CHECK (auth.uid() = user_id);
