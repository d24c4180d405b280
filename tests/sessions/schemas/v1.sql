-- A state.db as the releases with schema 1 left it.
CREATE TABLE kv (namespace TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (namespace, scope, key)) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL, time INTEGER NOT NULL);
CREATE TABLE secrets (namespace TEXT NOT NULL, key TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
INSERT INTO kv (namespace, scope, key, value) VALUES ('client', 'global', 'colour', CAST('"red"' AS BLOB));
INSERT INTO events (seq, type, data, time) VALUES (7, 'chat.said', CAST('{"text":"hello"}' AS BLOB), 1764000000000);
INSERT INTO secrets (namespace, key, sealed) VALUES ('client', 'token', X'00010203');
INSERT INTO meta (key, value) VALUES ('mailbox.mark', 1007);
PRAGMA user_version = 1;
