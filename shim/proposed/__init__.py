"""What VS Code lacks, one file a proposal. An extension imports `shim.proposed.<name>` once its manifest asks for it.

`enabled_api_proposals = ["events"]` in `extension.toml` asks for `shim.proposed.events`.
"""
