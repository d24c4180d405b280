"""What checkpoints leave out: what is built or cached, media and archives, what git LFS holds. Rules only."""

from __future__ import annotations

BUILT = (
    ".gradle/", ".idea/", ".parcel-cache/", ".pytest_cache/", ".next/", ".nuxt/", ".sass-cache/", ".terraform/",
    ".terragrunt-cache/", ".venv/", ".mypy_cache/", ".ruff_cache/", ".tox/", ".nox/", ".turbo/", ".svelte-kit/",
    "Pods/", "__pycache__/", "bin/Debug/", "bin/Release/", "bower_components/", "build/dependencies/", "deps/",
    "dist/", "env/bin/", "node_modules/", "obj/", "target/dependency/", "target/debug/", "target/release/",
    "venv/", "*.egg-info/", "coverage/", ".nyc_output/",
)  # fmt: skip
MEDIA = (
    "jpg", "jpeg", "png", "gif", "bmp", "ico", "webp", "tiff", "tif", "raw", "heic", "avif", "eps", "psd", "3gp",
    "aac", "aiff", "asf", "avi", "divx", "flac", "m4a", "m4v", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "ogg",
    "opus", "rm", "rmvb", "vob", "wav", "webm", "wma", "wmv",
)  # fmt: skip
CACHES = (
    "*.cache", "*.bak", "*.dmp", "*.dump", "*.lock.tmp", "*.old", "*.pyc", "*.pyo", "*.stackdump", "*.swo", "*.swp",
    "*.temp", "*.tmp", ".DS_Store", "Thumbs.db", "*.o", "*.a", "*.so", "*.dylib", "*.dll", "*.exe", "*.class",
)  # fmt: skip
LARGE = (
    "zip", "tar", "gz", "tgz", "rar", "7z", "bz2", "xz", "zst", "iso", "bin", "img", "dmg", "msi", "deb", "rpm", "jar",
    "war", "ear", "whl", "accdb", "mdb", "db", "sqlite", "sqlite3", "dbf", "frm", "ibd", "myd", "myi", "pdb", "rdb",
    "parquet", "arrow", "avro", "h5", "hdf5", "npy", "npz", "onnx", "pt", "pth", "safetensors", "gguf", "pkl", "shp",
    "gdb", "kmz", "las", "laz", "mbtiles", "gpkg", "nc", "wasm",
)  # fmt: skip
LONGEST = 200
MOST = 200


def patterns(attributes: str = "") -> list[str]:
    """What to leave out, in the syntax of `.gitignore`; `attributes` is the workspace's `.gitattributes`."""
    return [*BUILT, *CACHES, *(f"*.{ending}" for ending in (*MEDIA, *LARGE)), *held_by_lfs(attributes)]


def held_by_lfs(attributes: str) -> list[str]:
    """The patterns of the files that git LFS holds elsewhere."""
    lines = (line.split() for line in attributes.splitlines() if not line.lstrip().startswith("#"))
    found = [words[0] for words in lines if "filter=lfs" in words[1:]]
    return [one for one in found if len(one) <= LONGEST and not one.startswith("!")][:MOST]
