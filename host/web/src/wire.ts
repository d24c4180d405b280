// Made from the host's OpenRPC document by `python -m host.wire_types`; change the methods, not this.

export type Account = { id: string; label: string };
export type Channel = { handle: string; name: string; begin: number; end: number };
export type Execution = { executionId: string; name: string; source: string; terminalId: string | null };
export type Found = { uri: string; ranges: Array<Span>; preview: string; skipped: number };
export type Isolation = { level: string; terminals: boolean; network: string };
export type ListedDocument = { uri: string; languageId: string; version: number; isDirty: boolean; eol: number; lineCount: number };
export type ListedTask = { id: string; name: string; source: string; type: string | null; detail?: string; group?: string };
export type ListedTerminal = { terminalId: string; name: string; processId: number | null; exitCode?: number | null };
export type Model = { id: string; name: string; vendor: string; family: string; version: string; maxInputTokens: number; maxOutputTokens: number; capabilities: Record<string, boolean>; price?: Price };
export type Piece = { kind: string; handle: string; state: Record<string, any> };
export type Place = { line: number; character: number };
export type Price = { input: number; output: number; cacheRead: number | null; cacheWrite: number | null };
export type Provider = { id: string; label: string; accounts: Array<Account> };
export type Query = { pattern: string; isRegExp?: boolean; isCaseSensitive?: boolean; isWordMatch?: boolean; isMultiline?: boolean };
export type Server = { name: string; version: string };
export type Span = { start: Place; end: Place };
export type Tokens = { data: Array<number>; tokenTypes: Array<string>; tokenModifiers: Array<string> };
export type ToolCall = { callId: string; name: string; input: Record<string, any> };
export type Trashed = { uri: string; was: string; deleted: number; type: number };
export type Usage = { inputTokens: number; outputTokens: number; cacheReadTokens: number; cacheWriteTokens: number; thinkingTokens: number };
export type WireFolder = { uri: string; name: string };
export type WirePosition = { line: number; character: number };
export type WireRange = { start: WirePosition; end: WirePosition };
export type WireSelection = { anchor: WirePosition; active: WirePosition };
export type Wrong = { uri: string; diagnostics: Array<Record<string, any>> };

export interface Methods {
  /** The ids of all commands that this user can execute, those of sleeping extensions too. */
  "commands.getCommands": { params: Record<string, never>; result: Array<string> };
  /** What extensions set by `setContext`, for `when` clauses. */
  "commands.getContext": { params: Record<string, never>; result: { seq: number; keys: Record<string, any> } };
  /** Run a command and answer with its result; the extension that has it is activated first. */
  "commands.executeCommand": { params: { command: string; arguments?: Array<any> }; result: any };
  /** Run a command of a menu on the resource that the menu is of, and answer with its result. */
  "commands.executeMenuItem": { params: { command: string; uri: string; uris?: Array<string> | null }; result: any };
  /** The settings of a section as nested objects, or one setting; all of them where no section is named. */
  "workspace.getConfiguration": { params: { section?: string }; result: any };
  /** Change a setting for the user or for the workspace; answered once it is on the disk. */
  "workspace.updateConfiguration": { params: { key: string; value: any; target: "global" | "workspace" }; result: null };
  /** The text of a file as it is edited, saved or not; it is open from now on. */
  "workspace.openTextDocument": { params: { uri: string }; result: { uri: string; languageId: string; version: number; isDirty: boolean; eol: number; lineCount: number; text: string } };
  /** A new document that no file has; save it as one. */
  "workspace.openUntitledTextDocument": { params: { content?: string; language?: string | null }; result: { uri: string; languageId: string; version: number; isDirty: boolean; eol: number; lineCount: number } };
  /** The open documents, without their texts. */
  "workspace.textDocuments": { params: Record<string, never>; result: Array<ListedDocument> };
  /** Change texts, all as asked or none; answered once that would survive the host's being killed. Nothing is saved. */
  "workspace.applyEdit": { params: { edits: Array<{ uri: string; range: WireRange; newText: string; version?: number | null }> }; result: { applied: boolean; failureReason?: string } };
  /** Write a document to its file, or as another file. `saved` is false where somebody else changed it meanwhile. */
  "workspace.saveDocument": { params: { uri: string; overwrite?: boolean; target?: string | null }; result: { saved: boolean; failureReason?: string } };
  /** Rename or move a file or a folder as an editor does: open documents go on under the new name, saved or not. */
  "workspace.renameFile": { params: { source: string; target: string }; result: { applied: boolean; failureReason?: string } };
  /** Keep a document open no longer. One with unsaved text only with `discard`; one that is shown elsewhere stays. */
  "workspace.closeTextDocument": { params: { uri: string; discard?: boolean }; result: { closed: boolean } };
  /** Take the text of the file, and lose what is not saved. */
  "workspace.revertDocument": { params: { uri: string }; result: { uri: string; languageId: string; version: number; isDirty: boolean; eol: number; lineCount: number; text: string } };
  /** What is said of a place: `{contents, range?}` each. */
  "languages.provideHover": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** Where what is named there is defined: `{uri, range}`, or links with `targetUri`. */
  "languages.provideDefinition": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** Where it is declared. */
  "languages.provideDeclaration": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** Where its type is defined. */
  "languages.provideTypeDefinition": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** What implements it. */
  "languages.provideImplementation": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** Where it is used. */
  "languages.provideReferences": { params: { uri: string; position: WirePosition; includeDeclaration?: boolean }; result: Array<Record<string, any>> };
  /** What to highlight along with a place. */
  "languages.provideDocumentHighlights": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** What changes together with a place. */
  "languages.provideLinkedEditingRanges": { params: { uri: string; position: WirePosition }; result: Record<string, any> | null };
  /** For each position what to select around it: a range with the next larger one as `parent`. */
  "languages.provideSelectionRanges": { params: { uri: string; positions: Array<WirePosition> }; result: Array<Record<string, any>> };
  /** What completes the text, in the order to show it; `isIncomplete` asks to be asked again when more is typed. */
  "languages.provideCompletionItems": { params: { uri: string; position: WirePosition; triggerCharacter?: string | null }; result: { items: Array<Record<string, any>>; isIncomplete: boolean } };
  /** Texts to show ahead of the cursor. */
  "languages.provideInlineCompletionItems": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** How what is being called may be called. */
  "languages.provideSignatureHelp": { params: { uri: string; position: WirePosition; triggerCharacter?: string | null }; result: Record<string, any> | null };
  /** What a document is made of. */
  "languages.provideDocumentSymbols": { params: { uri: string }; result: Array<Record<string, any>> };
  /** Names of the whole workspace. */
  "languages.provideWorkspaceSymbols": { params: { query: string }; result: Array<Record<string, any>> };
  /** What would mend or change the code there; `languages.applyItem` does it. */
  "languages.provideCodeActions": { params: { uri: string; range: WireRange; kind?: string | null }; result: Array<Record<string, any>> };
  /** Commands to show between lines; `languages.applyItem` runs one. */
  "languages.provideCodeLenses": { params: { uri: string }; result: Array<Record<string, any>> };
  /** Parts of a text that lead somewhere; one without a `target` is resolved when it is followed. */
  "languages.provideDocumentLinks": { params: { uri: string }; result: Array<Record<string, any>> };
  /** Lines that fold. */
  "languages.provideFoldingRanges": { params: { uri: string }; result: Array<Record<string, any>> };
  /** Short texts to show inside of lines. */
  "languages.provideInlayHints": { params: { uri: string; range: WireRange }; result: Array<Record<string, any>> };
  /** What each word is, five numbers each as LSP packs them, and the names that the numbers stand for. */
  "languages.provideDocumentSemanticTokens": { params: { uri: string; range?: WireRange | null }; result: Tokens | null };
  /** What formats a document, or a range of it: `{range, newText}` each. */
  "languages.provideFormattingEdits": { params: { uri: string; range?: WireRange | null; tabSize?: number; insertSpaces?: boolean }; result: Array<Record<string, any>> };
  /** What to change because a character was just typed. */
  "languages.provideOnTypeFormattingEdits": { params: { uri: string; position: WirePosition; ch: string; tabSize?: number; insertSpaces?: boolean }; result: Array<Record<string, any>> };
  /** What would be renamed there: `{range, placeholder}`. An error says why nothing can be. */
  "languages.prepareRename": { params: { uri: string; position: WirePosition }; result: Record<string, any> };
  /** The edit that renames what is there: `{documentChanges}`. An error says why it may not be. */
  "languages.provideRenameEdits": { params: { uri: string; position: WirePosition; newName: string }; result: Record<string, any> | null };
  /** Parts of a text that say a colour; `languages.followItem` gives the ways to write it. */
  "languages.provideDocumentColors": { params: { uri: string }; result: Array<Record<string, any>> };
  /** The function there; `languages.followItem` gives its calls. */
  "languages.prepareCallHierarchy": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** The type there; `languages.followItem` gives those above and below it. */
  "languages.prepareTypeHierarchy": { params: { uri: string; position: WirePosition }; result: Array<Record<string, any>> };
  /** An item with what its provider says of it only when it is needed. */
  "languages.resolveItem": { params: { id: string }; result: Record<string, any> };
  /** Do what a code action, a lens or a completion stands for: first its edit, then its command. */
  "languages.applyItem": { params: { id: string }; result: null };
  /** What its provider knows further of an item; of a colour's, `uri` names the document. */
  "languages.followItem": { params: { id: string; what: "incomingCalls" | "outgoingCalls" | "supertypes" | "subtypes" | "colorPresentations"; uri?: string | null }; result: Array<Record<string, any>> };
  /** What is wrong with a resource, or with all, by severity; at most 1,000 of each resource. */
  "languages.getDiagnostics": { params: { uri?: string | null }; result: Array<Wrong> };
  /** The ids of all languages. */
  "languages.getLanguages": { params: Record<string, never>; result: Array<string> };
  /** The language of a resource: an open document's own, else the one that its name says. No file is read. */
  "languages.getLanguageOf": { params: { uri: string }; result: string };
  /** Let a document be in another language, for as long as it is open. */
  "languages.setTextDocumentLanguage": { params: { uri: string; languageId: string }; result: null };
  /** How a language is typed, as extensions said it: brackets, comments, words. */
  "languages.getLanguageConfiguration": { params: { languageId: string }; result: Record<string, any> };
  /** The user's models that are all of this; a price is USD for a million tokens, and absent where unknown. */
  "lm.selectChatModels": { params: { vendor?: string | null; family?: string | null; version?: string | null; id?: string | null }; result: Array<Model> };
  /** Ask a model. Parts stream as `$/progress` where `progressToken` is given: `{type: text|thinking|..., ...}`. */
  "lm.sendRequest": { params: { model: string; messages: Array<Record<string, any>>; options?: Record<string, any> | null; progressToken?: string | number | null }; result: { text: string; toolCalls: Array<ToolCall>; usage: Usage; cost: number | null } };
  /** The user opens a file in an editor: in a column from 1, -1 the active one, -2 the one beside it. */
  "window.showTextDocument": { params: { uri: string; viewColumn?: number | null; preserveFocus?: boolean; preview?: boolean; selection?: WireRange | null }; result: { editor: string; tab: string } };
  /** The user selected something else: 1 with the keyboard, 2 with the mouse, 3 by a command. */
  "window.editor.changeSelection": { params: { editor: string; selections: Array<WireSelection>; kind?: number | null }; result: null };
  /** The user sees other parts of a text. */
  "window.editor.changeVisibleRanges": { params: { editor: string; ranges: Array<WireRange> }; result: null };
  /** The user wants a text to be indented otherwise. */
  "window.editor.changeOptions": { params: { editor: string; tabSize?: number | null; indentSize?: number | null; insertSpaces?: boolean | null }; result: null };
  /** The files of the workspace that a glob means, 20,000 at most; links are neither found nor followed. */
  "workspace.findFiles": { params: { include: string; exclude?: string | null; maxResults?: number | null }; result: Array<string> };
  /** The lines of the workspace's files that match; as `$/progress` of `{matches}` too, as soon as they are found. */
  "workspace.findTextInFiles": { params: { query: Query; include?: string | null; exclude?: string | null; maxResults?: number | null; progressToken?: string | number | null }; result: { matches: Array<Found>; limitHit: boolean } };
  /** Start a shell in the user's sandbox and show it here; null in `env` takes a variable away. */
  "window.createTerminal": { params: { name?: string | null; cwd?: string | null; shellPath?: string | null; shellArgs?: Array<string> | null; env?: Record<string, string | null> | null; columns?: number; rows?: number }; result: { terminalId: string; channel: number } };
  /** The user's terminals, but those that an extension hides; with an `exitCode` where the shell has ended. */
  "terminal.list": { params: Record<string, never>; result: Array<ListedTerminal> };
  /** Show a terminal's output here from the offset `after` on, or from as far back as it is kept. */
  "terminal.attach": { params: { terminalId: string; after?: number | null }; result: { channel: number; offset: number } };
  /** Type a text, and Enter unless told otherwise; answered once the shell has room for it. */
  "terminal.sendText": { params: { terminalId: string; text: string; addNewLine?: boolean }; result: null };
  /** Tell a terminal its size in characters. */
  "terminal.resize": { params: { terminalId: string; columns: number; rows: number }; result: null };
  /** Show a terminal here no more; its shell goes on and waits for nobody. */
  "terminal.detach": { params: { terminalId: string }; result: null };
  /** Hang up, end the shell with all that it runs, and forget the terminal. */
  "terminal.dispose": { params: { terminalId: string }; result: null };
  /** All that the user's extensions show now, for a client that comes later than they began. */
  "window.surface": { params: Record<string, never>; result: { seq: number; pieces: Array<Piece> } };
  /** Run the command of a status bar item. */
  "window.clickStatusBarItem": { params: { handle: string }; result: null };
  /** Ask a work that is `cancellable` to stop. */
  "window.cancelProgress": { params: { handle: string }; result: null };
  /** This client's window came into focus or lost it; it counts until the client goes. */
  "window.changeState": { params: { focused: boolean; active?: boolean | null }; result: null };
  /** The user sees other colours: 1 light, 2 dark, 3 high contrast, 4 high contrast light. */
  "window.changeColorTheme": { params: { kind: number }; result: null };
  /** What was put into the user's clipboard here. */
  "env.clipboard.readText": { params: Record<string, never>; result: string };
  /** Put a text into the user's clipboard here, where extensions read it. */
  "env.clipboard.writeText": { params: { value: string }; result: null };
  /** What the user wants logged: 0 off, 1 trace, 2 debug, 3 info, 4 warning, 5 error. */
  "env.setLogLevel": { params: { level: number }; result: null };
  /** The user's output channels: from which offset to which each one's text is kept, in characters. */
  "window.output.list": { params: Record<string, never>; result: Array<Channel> };
  /** What came into a channel after an offset; `begin` is greater than that where older text is not kept any more. */
  "window.output.read": { params: { handle: string; after?: number }; result: { text: string; begin: number; end: number } };
  /** Forget what is in a channel. */
  "window.output.clear": { params: { handle: string }; result: null };
  /** Let a channel of log lines keep those of this level (0 off, 1 trace, 2 debug, 3 info, 4 warning, 5 error). */
  "window.output.setLogLevel": { params: { handle: string; level: number }; result: null };
  /** The user has typed so far. */
  "window.quickInput.changeValue": { params: { handle: string; value: string }; result: null };
  /** The cursor is at these items of a quick pick, by their ids. */
  "window.quickInput.changeActive": { params: { handle: string; items: Array<number> }; result: null };
  /** The user has chosen these items of a quick pick, by their ids. */
  "window.quickInput.changeSelection": { params: { handle: string; items: Array<number> }; result: null };
  /** The user is content with what is typed or chosen. */
  "window.quickInput.accept": { params: { handle: string }; result: null };
  /** The user pressed a button by its place, of the whole or of the item with that id. */
  "window.quickInput.triggerButton": { params: { handle: string; button: number; item?: number | null }; result: null };
  /** The user closed it. */
  "window.quickInput.hide": { params: { handle: string }; result: null };
  /** How extensions mark each of these files: a letter, words, the name of a colour; null where they say nothing. */
  "window.provideFileDecorations": { params: { uris: Array<string> }; result: Array<Record<string, string> | null> };
  /** The tasks of all providers, or of those of a type; an `id` is good until tasks are fetched again. */
  "tasks.fetchTasks": { params: { type?: string | null }; result: Array<ListedTask> };
  /** Run a task in a terminal of its own; `tasks.*` events tell how it goes. */
  "tasks.executeTask": { params: { id: string }; result: { executionId: string; name: string; source: string; terminalId: string | null } };
  /** The tasks that run. */
  "tasks.listExecutions": { params: Record<string, never>; result: Array<Execution> };
  /** End a task that runs, with all that it started. */
  "tasks.terminate": { params: { executionId: string }; result: null };
  /** The user has typed into an input box; what its extension finds wrong with that, or null. */
  "scm.setInput": { params: { handle: string; value: string }; result: any };
  /** Do what a source control does with its input: the command that it names, such as a commit. */
  "scm.acceptInput": { params: { handle: string }; result: null };
  /** Run the command of a changed file of a group. */
  "scm.openResource": { params: { handle: string; index: number }; result: null };
  /** Run a command of a menu: of a source control, of a group, or with `uris` of some files of a group. */
  "scm.runCommand": { params: { handle: string; command: string; uris?: Array<string> | null }; result: null };
  /** The resource that a file was before its changes, for a quick diff. */
  "scm.provideOriginalResource": { params: { handle: string; uri: string }; result: string | null };
  /** The providers that extensions have, with the accounts that the user is signed in to. Tokens are never told. */
  "authentication.getAccounts": { params: Record<string, never>; result: Array<Provider> };
  /** End all sessions of an account, and forget which extensions might use it. */
  "authentication.signOut": { params: { providerId: string; accountId: string }; result: null };
  /** What is below an element of a tree view, or at its top: VS Code's TreeItem of each, with its handle. */
  "window.tree.children": { params: { handle: string; item?: string | null }; result: Array<Record<string, any>> };
  /** An element with what is filled in only when it is looked at, such as its tooltip. */
  "window.tree.resolve": { params: { handle: string; item: string }; result: Record<string, any> };
  /** The user chose an element: its own command runs, or with the element one that its menu has. */
  "window.tree.run": { params: { handle: string; item: string; command?: string | null }; result: null };
  /** The user opened an element, or closed it. */
  "window.tree.expand": { params: { handle: string; item: string; expanded?: boolean }; result: null };
  /** The user selected these elements, the one at the cursor first. */
  "window.tree.select": { params: { handle: string; items: Array<string> }; result: null };
  /** The user checked or unchecked an element; answers with all elements that changed with it. */
  "window.tree.check": { params: { handle: string; item: string; checked: boolean }; result: Array<Record<string, any>> };
  /** The user dragged elements to another element, or below all of them. */
  "window.tree.drop": { params: { handle: string; items: Array<string>; target?: string | null }; result: null };
  /** The page of a webview posted a message: its extension gets it. */
  "window.webview.postMessage": { params: { handle: string; message: any }; result: null };
  /** The page of a webview wants this kept; it finds it again when it is loaded anew. */
  "window.webview.setState": { params: { handle: string; state: any }; result: null };
  /** This client shows a view: the extension that has it is activated, and fills it. */
  "window.views.show": { params: { viewId: string }; result: null };
  /** This client shows a view no more. */
  "window.views.hide": { params: { viewId: string }; result: null };
  /** The user went to a tab. */
  "window.tabs.activate": { params: { tab: string }; result: null };
  /** The user closed a tab. */
  "window.tabs.close": { params: { tab: string }; result: null };
  /** The user put a tab into another column, or to another place in its own. */
  "window.tabs.move": { params: { tab: string; viewColumn: number; index?: number | null }; result: null };
  /** The user pinned a tab, or wants it to be no preview any more; with `pinned` false unpinned it. */
  "window.tabs.pin": { params: { tab: string; pinned?: boolean }; result: null };
  /** The user followed a link `roost://publisher.name/path`: that extension is activated, and takes it or not. */
  "window.openUri": { params: { uri: string }; result: { taken: boolean } };
  /** Tell of files that are made, changed or removed, by `workspace.onDidChangeFiles {watchId, changes}` events. */
  "workspace.watch": { params: { glob: string }; result: { watchId: string } };
  /** End a watch. */
  "workspace.unwatch": { params: { watchId: string }; result: null };
  /** Say hello and follow the user's events, from after the number `after`, or only new ones where it is absent. */
  "session.open": { params: { after?: number | null }; result: { uid: string; sessionId: string; workspaceFolders: Array<WireFolder>; seq: number; resumed: boolean; server: Server; isolation: Isolation; quotas: Record<string, number | null> } };
  /** The host's time in milliseconds since 1970; works before `session.open`. */
  "session.ping": { params: Record<string, never>; result: { time: number } };
  /** Say who you are where the connection brought no token, or bring a new one before the old one expires. */
  "session.authenticate": { params: { token: string }; result: { uid: string } };
  /** The OpenRPC document of everything here. */
  "rpc.discover": { params: Record<string, never>; result: Record<string, any> };
  /** What is at a place: type 1 file, 2 directory, with the 64 bit for a symlink; times in ms. */
  "workspace.fs.stat": { params: { uri: string }; result: { type: number; ctime: number; mtime: number; size: number; permissions?: number } };
  /** The entries of a directory as `[name, type]`, in no promised order. */
  "workspace.fs.readDirectory": { params: { uri: string }; result: Array<[string, number]> };
  /** The content of a file; one that is not UTF-8 comes as base64 whatever was asked for. */
  "workspace.fs.readFile": { params: { uri: string; encoding?: "utf-8" | "base64" }; result: { content: string; encoding: "utf-8" | "base64" } };
  /** Replace a file atomically and durably, or make it with the parents that it needs. */
  "workspace.fs.writeFile": { params: { uri: string; content: string; encoding?: "utf-8" | "base64"; create?: boolean; overwrite?: boolean }; result: null };
  /** Make a directory and the parents that it needs; one that exists is fine. */
  "workspace.fs.createDirectory": { params: { uri: string }; result: null };
  /** Remove a file, a link itself, or a directory; one that is not empty only with `recursive`. */
  "workspace.fs.delete": { params: { uri: string; recursive?: boolean; useTrash?: boolean }; result: null };
  /** What was moved to the trash, the last first, 1,000 at most: where it is and was, when it went in ms, its type. */
  "workspace.fs.readTrash": { params: Record<string, never>; result: Array<Trashed> };
  /** Move a file or directory to another name. */
  "workspace.fs.rename": { params: { source: string; target: string; overwrite?: boolean }; result: null };
  /** Copy a file, or a directory with all that it holds. */
  "workspace.fs.copy": { params: { source: string; target: string; overwrite?: boolean }; result: null };
  /** A value that a client keeps here; `default` where there is none. */
  "state.get": { params: { scope: "global" | "workspace"; key: string; default?: any }; result: any };
  /** Keep a JSON value; answered once it is durable. An absent `value` deletes, null is a value. */
  "state.update": { params: { scope: "global" | "workspace"; key: string; value?: any }; result: null };
  /** The keys that a client keeps values under. */
  "state.keys": { params: { scope: "global" | "workspace" }; result: Array<string> };
  /** Seal a secret; it is never handed back over the wire. */
  "secrets.store": { params: { key: string; value: string }; result: null };
  /** Forget a secret; one that is not there is fine. */
  "secrets.delete": { params: { key: string }; result: null };
  /** The names of the client's secrets. */
  "secrets.keys": { params: Record<string, never>; result: Array<string> };
}
