"""Which languages are parsed, by which grammar, and what defines something in each. The grammars are the extra `code`.

A query names what it finds: `@<kind>` is the whole definition, `@name` its name.
"""

from __future__ import annotations

import importlib
import importlib.util
import posixpath
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Language, Parser, Query

PYTHON = """
(class_definition name: (identifier) @name) @class
(function_definition name: (identifier) @name) @function
(module (expression_statement (assignment left: (identifier) @name)) @variable)
"""
JAVASCRIPT = """
(class_declaration name: (_) @name) @class
(method_definition name: (_) @name) @method
(function_declaration name: (identifier) @name) @function
(generator_function_declaration name: (identifier) @name) @function
(lexical_declaration (variable_declarator name: (identifier) @name
  value: [(arrow_function) (function_expression)])) @function
(program (lexical_declaration (variable_declarator name: (identifier) @name
  value: [(string) (number) (object) (array) (call_expression) (new_expression)])) @variable)
(program (export_statement (lexical_declaration (variable_declarator name: (identifier) @name
  value: [(string) (number) (object) (array) (call_expression) (new_expression)])) @variable))
"""
TYPESCRIPT = (
    JAVASCRIPT
    + """
(abstract_class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(type_alias_declaration name: (_) @name) @type
(enum_declaration name: (_) @name) @enum
(internal_module name: (_) @name) @namespace
(function_signature name: (identifier) @name) @function
(abstract_method_signature name: (_) @name) @method
"""
)
GO = """
(function_declaration name: (identifier) @name) @function
(method_declaration name: (field_identifier) @name) @method
(type_declaration (type_spec name: (type_identifier) @name)) @type
(source_file (const_declaration (const_spec name: (identifier) @name)) @variable)
(source_file (var_declaration (var_spec name: (identifier) @name)) @variable)
"""
RUST = """
(struct_item name: (_) @name) @struct
(enum_item name: (_) @name) @enum
(union_item name: (_) @name) @struct
(trait_item name: (_) @name) @interface
(impl_item type: (_) @name) @implementation
(function_item name: (_) @name) @function
(function_signature_item name: (_) @name) @function
(type_item name: (_) @name) @type
(mod_item name: (_) @name) @module
(macro_definition name: (_) @name) @macro
(const_item name: (_) @name) @variable
(static_item name: (_) @name) @variable
"""
JAVA = """
(class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(enum_declaration name: (_) @name) @enum
(record_declaration name: (_) @name) @class
(annotation_type_declaration name: (_) @name) @interface
(method_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @method
"""
C = """
(function_definition declarator: (function_declarator declarator: (identifier) @name)) @function
(function_definition declarator: (pointer_declarator
  declarator: (function_declarator declarator: (identifier) @name))) @function
(struct_specifier name: (_) @name body: (_)) @struct
(union_specifier name: (_) @name body: (_)) @struct
(enum_specifier name: (_) @name body: (_)) @enum
(type_definition declarator: (type_identifier) @name) @type
(preproc_function_def name: (_) @name) @macro
"""
CPP = (
    C
    + """
(class_specifier name: (_) @name body: (_)) @class
(namespace_definition name: (_) @name) @namespace
(function_definition declarator: (function_declarator
  declarator: [(qualified_identifier) (field_identifier) (destructor_name) (operator_name)] @name)) @method
(function_definition declarator: (reference_declarator
  (function_declarator declarator: (_) @name))) @method
(alias_declaration name: (_) @name) @type
(concept_definition name: (_) @name) @type
"""
)
RUBY = """
(class name: (_) @name) @class
(module name: (_) @name) @module
(method name: (_) @name) @method
(singleton_method name: (_) @name) @method
(program (assignment left: (constant) @name) @variable)
"""
PHP = """
(class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(trait_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @enum
(method_declaration name: (_) @name) @method
(function_definition name: (_) @name) @function
(namespace_definition name: (_) @name) @namespace
"""
C_SHARP = """
(class_declaration name: (_) @name) @class
(interface_declaration name: (_) @name) @interface
(struct_declaration name: (_) @name) @struct
(record_declaration name: (_) @name) @class
(enum_declaration name: (_) @name) @enum
(delegate_declaration name: (_) @name) @type
(method_declaration name: (_) @name) @method
(constructor_declaration name: (_) @name) @method
(property_declaration name: (_) @name) @property
(namespace_declaration name: (_) @name) @namespace
(file_scoped_namespace_declaration name: (_) @name) @namespace
"""
BASH = """
(function_definition name: (word) @name) @function
"""


@dataclass(frozen=True, slots=True)
class Grammar:
    """A language: its module, the function of it that gives the grammar, how its files end, what defines something."""

    name: str
    module: str
    endings: tuple[str, ...]
    query: str
    function: str = "language"


GRAMMARS = (
    Grammar("python", "tree_sitter_python", (".py", ".pyi", ".pyw"), PYTHON),
    Grammar("javascript", "tree_sitter_javascript", (".js", ".jsx", ".mjs", ".cjs"), JAVASCRIPT),
    Grammar("typescript", "tree_sitter_typescript", (".ts", ".mts", ".cts"), TYPESCRIPT, "language_typescript"),
    Grammar("tsx", "tree_sitter_typescript", (".tsx",), TYPESCRIPT, "language_tsx"),
    Grammar("go", "tree_sitter_go", (".go",), GO),
    Grammar("rust", "tree_sitter_rust", (".rs",), RUST),
    Grammar("java", "tree_sitter_java", (".java",), JAVA),
    Grammar("c", "tree_sitter_c", (".c", ".h"), C),
    Grammar("cpp", "tree_sitter_cpp", (".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".ipp"), CPP),
    Grammar("ruby", "tree_sitter_ruby", (".rb", ".rake"), RUBY),
    Grammar("php", "tree_sitter_php", (".php",), PHP, "language_php"),
    Grammar("c#", "tree_sitter_c_sharp", (".cs",), C_SHARP),
    Grammar("bash", "tree_sitter_bash", (".sh", ".bash"), BASH),
)


def grammar_of(path: str) -> Grammar | None:
    """The language of a file, by how its name ends, if it is parsed here at all."""
    ending = posixpath.splitext(path)[1].lower()
    return next((one for one in GRAMMARS if ending in one.endings), None)


@lru_cache(maxsize=len(GRAMMARS))
def has(grammar: Grammar) -> bool:
    """Whether its grammar is installed. It is looked for once: that reads folders, and is asked at every step."""
    return importlib.util.find_spec(grammar.module) is not None


def has_any() -> bool:
    """Whether the extra `code` is installed."""
    return any(has(one) for one in GRAMMARS if one.name != "bash")


@lru_cache(maxsize=len(GRAMMARS))
def language_of(grammar: Grammar) -> Language:
    """The language, loaded on first need. It reads files: call it in a thread."""
    from tree_sitter import Language

    return Language(getattr(importlib.import_module(grammar.module), grammar.function)())


@lru_cache(maxsize=len(GRAMMARS))
def query_of(grammar: Grammar) -> Query:
    """What defines something, ready to be asked."""
    from tree_sitter import Query

    return Query(language_of(grammar), grammar.query)


def parser_of(grammar: Grammar) -> Parser:
    """A parser of one's own: one must not be used in two threads at once."""
    from tree_sitter import Parser

    return Parser(language_of(grammar))
