"""Git: source control, an extension like any other. This file is only the package's name."""
