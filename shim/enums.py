"""VS Code's enumerations: its names in capitals, its numbers. Whatever carries one is elsewhere."""

from __future__ import annotations

from enum import IntEnum, IntFlag


class FileType(IntFlag):
    """What stands at a path; a symbolic link has its target's type and the link's bit: `FILE | SYMBOLIC_LINK`."""

    UNKNOWN = 0
    FILE = 1
    DIRECTORY = 2
    SYMBOLIC_LINK = 64


class FilePermission(IntFlag):
    """What may not be done with a file."""

    READONLY = 1


# files and documents

FileChangeType = IntEnum("FileChangeType", "CHANGED CREATED DELETED")
EndOfLine = IntEnum("EndOfLine", "LF CRLF")
TextDocumentChangeReason = IntEnum("TextDocumentChangeReason", "UNDO REDO")
TextDocumentSaveReason = IntEnum("TextDocumentSaveReason", "MANUAL AFTER_DELAY FOCUS_OUT")

# editors and windows

ViewColumn = IntEnum(
    "ViewColumn",
    {
        "ACTIVE": -1,
        "BESIDE": -2,
        "ONE": 1,
        "TWO": 2,
        "THREE": 3,
        "FOUR": 4,
        "FIVE": 5,
        "SIX": 6,
        "SEVEN": 7,
        "EIGHT": 8,
        "NINE": 9,
    },
)
TextEditorSelectionChangeKind = IntEnum("TextEditorSelectionChangeKind", "KEYBOARD MOUSE COMMAND")
TextEditorCursorStyle = IntEnum("TextEditorCursorStyle", "LINE BLOCK UNDERLINE LINE_THIN BLOCK_OUTLINE UNDERLINE_THIN")
TextEditorLineNumbersStyle = IntEnum("TextEditorLineNumbersStyle", "OFF ON RELATIVE INTERVAL", start=0)
TextEditorRevealType = IntEnum(
    "TextEditorRevealType",
    "DEFAULT IN_CENTER IN_CENTER_IF_OUTSIDE_VIEWPORT AT_TOP",
    start=0,
)
OverviewRulerLane = IntEnum("OverviewRulerLane", {"LEFT": 1, "CENTER": 2, "RIGHT": 4, "FULL": 7})
DecorationRangeBehavior = IntEnum("DecorationRangeBehavior", "OPEN_OPEN CLOSED_CLOSED OPEN_CLOSED CLOSED_OPEN", start=0)
StatusBarAlignment = IntEnum("StatusBarAlignment", "LEFT RIGHT")
ProgressLocation = IntEnum("ProgressLocation", {"SOURCE_CONTROL": 1, "WINDOW": 10, "NOTIFICATION": 15})
QuickPickItemKind = IntEnum("QuickPickItemKind", "SEPARATOR DEFAULT", start=-1)
QuickInputButtonLocation = IntEnum("QuickInputButtonLocation", "TITLE INLINE INPUT")
InputBoxValidationSeverity = IntEnum("InputBoxValidationSeverity", "INFO WARNING ERROR")
TreeItemCollapsibleState = IntEnum("TreeItemCollapsibleState", "NONE COLLAPSED EXPANDED", start=0)
TreeItemCheckboxState = IntEnum("TreeItemCheckboxState", "UNCHECKED CHECKED", start=0)
ColorThemeKind = IntEnum("ColorThemeKind", "LIGHT DARK HIGH_CONTRAST HIGH_CONTRAST_LIGHT")
LogLevel = IntEnum("LogLevel", "OFF TRACE DEBUG INFO WARNING ERROR", start=0)

# languages

DiagnosticSeverity = IntEnum("DiagnosticSeverity", "ERROR WARNING INFORMATION HINT", start=0)
DiagnosticTag = IntEnum("DiagnosticTag", "UNNECESSARY DEPRECATED")
SymbolKind = IntEnum(
    "SymbolKind",
    "FILE MODULE NAMESPACE PACKAGE CLASS METHOD PROPERTY FIELD CONSTRUCTOR ENUM INTERFACE FUNCTION VARIABLE "
    "CONSTANT STRING NUMBER BOOLEAN ARRAY OBJECT KEY NULL ENUM_MEMBER STRUCT EVENT OPERATOR TYPE_PARAMETER",
    start=0,
)
SymbolTag = IntEnum("SymbolTag", "DEPRECATED")
CompletionItemKind = IntEnum(
    "CompletionItemKind",
    "TEXT METHOD FUNCTION CONSTRUCTOR FIELD VARIABLE CLASS INTERFACE MODULE PROPERTY UNIT VALUE ENUM KEYWORD "
    "SNIPPET COLOR FILE REFERENCE FOLDER ENUM_MEMBER CONSTANT STRUCT EVENT OPERATOR TYPE_PARAMETER USER ISSUE",
    start=0,
)
CompletionItemTag = IntEnum("CompletionItemTag", "DEPRECATED")
CompletionTriggerKind = IntEnum(
    "CompletionTriggerKind",
    "INVOKE TRIGGER_CHARACTER TRIGGER_FOR_INCOMPLETE_COMPLETIONS",
    start=0,
)
InlineCompletionTriggerKind = IntEnum("InlineCompletionTriggerKind", "INVOKE AUTOMATIC", start=0)
SignatureHelpTriggerKind = IntEnum("SignatureHelpTriggerKind", "INVOKE TRIGGER_CHARACTER CONTENT_CHANGE")
CodeActionTriggerKind = IntEnum("CodeActionTriggerKind", "INVOKE AUTOMATIC")
DocumentHighlightKind = IntEnum("DocumentHighlightKind", "TEXT READ WRITE", start=0)
FoldingRangeKind = IntEnum("FoldingRangeKind", "COMMENT IMPORTS REGION")
InlayHintKind = IntEnum("InlayHintKind", "TYPE PARAMETER")
DocumentPasteTriggerKind = IntEnum("DocumentPasteTriggerKind", "AUTOMATIC PASTE_AS", start=0)
IndentAction = IntEnum("IndentAction", "NONE INDENT INDENT_OUTDENT OUTDENT", start=0)
SyntaxTokenType = IntEnum("SyntaxTokenType", "OTHER COMMENT STRING REG_EX", start=0)
LanguageStatusSeverity = IntEnum("LanguageStatusSeverity", "INFORMATION WARNING ERROR", start=0)

# settings and extensions

ConfigurationTarget = IntEnum("ConfigurationTarget", "GLOBAL WORKSPACE WORKSPACE_FOLDER")
ExtensionKind = IntEnum("ExtensionKind", "UI WORKSPACE")
ExtensionMode = IntEnum("ExtensionMode", "PRODUCTION DEVELOPMENT TEST")
UIKind = IntEnum("UIKind", "DESKTOP WEB")

# terminals and tasks

TerminalLocation = IntEnum("TerminalLocation", "PANEL EDITOR")
TerminalExitReason = IntEnum("TerminalExitReason", "UNKNOWN SHUTDOWN PROCESS USER EXTENSION", start=0)
TerminalShellExecutionCommandLineConfidence = IntEnum(
    "TerminalShellExecutionCommandLineConfidence",
    "LOW MEDIUM HIGH",
    start=0,
)
EnvironmentVariableMutatorType = IntEnum("EnvironmentVariableMutatorType", "REPLACE APPEND PREPEND")
TaskScope = IntEnum("TaskScope", "GLOBAL WORKSPACE")
TaskRevealKind = IntEnum("TaskRevealKind", "ALWAYS SILENT NEVER")
TaskPanelKind = IntEnum("TaskPanelKind", "SHARED DEDICATED NEW")
ShellQuoting = IntEnum("ShellQuoting", "ESCAPE STRONG WEAK")

# comments, chats and models

CommentMode = IntEnum("CommentMode", "EDITING PREVIEW", start=0)
CommentThreadState = IntEnum("CommentThreadState", "UNRESOLVED RESOLVED", start=0)
CommentThreadCollapsibleState = IntEnum("CommentThreadCollapsibleState", "COLLAPSED EXPANDED", start=0)
ChatResultFeedbackKind = IntEnum("ChatResultFeedbackKind", "UNHELPFUL HELPFUL", start=0)
LanguageModelChatMessageRole = IntEnum("LanguageModelChatMessageRole", "USER ASSISTANT")
LanguageModelChatToolMode = IntEnum("LanguageModelChatToolMode", "AUTO REQUIRED")

# notebooks, debugging and tests

NotebookCellKind = IntEnum("NotebookCellKind", "MARKUP CODE")
NotebookEditorRevealType = IntEnum(
    "NotebookEditorRevealType",
    "DEFAULT IN_CENTER IN_CENTER_IF_OUTSIDE_VIEWPORT AT_TOP",
    start=0,
)
NotebookControllerAffinity = IntEnum("NotebookControllerAffinity", "DEFAULT PREFERRED")
NotebookCellStatusBarAlignment = IntEnum("NotebookCellStatusBarAlignment", "LEFT RIGHT")
DebugConsoleMode = IntEnum("DebugConsoleMode", "SEPARATE MERGE_WITH_PARENT", start=0)
DebugConfigurationProviderTriggerKind = IntEnum("DebugConfigurationProviderTriggerKind", "INITIAL DYNAMIC")
TestRunProfileKind = IntEnum("TestRunProfileKind", "RUN DEBUG COVERAGE")
