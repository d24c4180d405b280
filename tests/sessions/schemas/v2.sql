-- A state.db as the releases with schema 2 left it.
CREATE TABLE kv (namespace TEXT NOT NULL, scope TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (namespace, scope, key)) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY, type TEXT NOT NULL, data BLOB NOT NULL, time INTEGER NOT NULL);
CREATE TABLE secrets (namespace TEXT NOT NULL, key TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (namespace, key)) WITHOUT ROWID;
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE calls (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, task TEXT, provider TEXT NOT NULL, model TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, thinking INTEGER NOT NULL, cost INTEGER, outcome TEXT NOT NULL);
CREATE TABLE usage (period TEXT NOT NULL, key TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, thinking INTEGER NOT NULL, cost INTEGER NOT NULL, calls INTEGER NOT NULL, unpriced INTEGER NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (period, key, provider, model)) WITHOUT ROWID;
CREATE TABLE holds (id TEXT PRIMARY KEY, time INTEGER NOT NULL, task TEXT, provider TEXT NOT NULL, model TEXT NOT NULL, input INTEGER NOT NULL, output INTEGER NOT NULL, cache_read INTEGER NOT NULL, cache_write INTEGER NOT NULL, thinking INTEGER NOT NULL, cost INTEGER) WITHOUT ROWID;
INSERT INTO kv (namespace, scope, key, value) VALUES ('client', 'global', 'colour', CAST('"red"' AS BLOB));
INSERT INTO events (seq, type, data, time) VALUES (7, 'chat.said', CAST('{"text":"hello"}' AS BLOB), 1764000000000);
INSERT INTO secrets (namespace, key, sealed) VALUES ('client', 'token', X'00010203');
INSERT INTO meta (key, value) VALUES ('mailbox.mark', 1007);
INSERT INTO calls (time, task, provider, model, input, output, cache_read, cache_write, thinking, cost, outcome) VALUES (1764000000000, 't1', 'demo', 'scripted', 10, 5, 0, 0, 0, 1500, 'done');
INSERT INTO usage (period, key, provider, model, input, output, cache_read, cache_write, thinking, cost, calls, unpriced, last) VALUES ('task', 't1', 'demo', 'scripted', 10, 5, 0, 0, 0, 1500, 1, 0, 1764000000000);
PRAGMA user_version = 2;
