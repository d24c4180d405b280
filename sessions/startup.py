"""How a shell is started so that it marks its prompts and commands, without a change to any file of the user."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from posixpath import basename
from typing import NamedTuple

FOLDER = "shell"
"""Among the tools that sandboxes have from the host."""

SAY = r"""
__roost_nonce=$ROOST_NONCE
unset ROOST_NONCE
__roost_say() { printf '\033]633;%s;%s\007' "$1" "$__roost_nonce"; }
"""

BASH = (
    r"""# Marks prompts and commands for Roost (OSC 633). bash reads this and not its usual files: they are read here.
if [ -n "${ROOST_EARLY-}" ]; then  # started before anybody asked for it: goes on once its terminal is somebody's
  unset ROOST_EARLY
  IFS= read -r ROOST_NONCE <&4 || exit
  exec 4<&-
  SECONDS=0
fi
if [ -n "${ROOST_LOGIN-}" ]; then
  unset ROOST_LOGIN
  [ -r /etc/profile ] && . /etc/profile
  for __roost_file in ~/.bash_profile ~/.bash_login ~/.profile; do
    [ -r "$__roost_file" ] && { . "$__roost_file"; break; }
  done
  unset __roost_file
else
  # Debian's bash has read it by now, which shows: it sets a prompt of its own.
  [ "$PS1" = '\s-\v\$ ' ] && [ -r /etc/bash.bashrc ] && . /etc/bash.bashrc
  [ -r ~/.bashrc ] && . ~/.bashrc
fi
"""
    + SAY
    + r"""
__roost_escape() {  # into __roost_escaped: to print it would cost a process for each
  __roost_escaped=$1
  if [[ $1 != *[\\\;[:cntrl:]]* ]]; then return; fi
  local LC_ALL=C text=$1 i c
  __roost_escaped=
  for ((i = 0; i < ${#text}; i++)); do
    c=${text:i:1}
    case $c in
      \\) c='\\' ;;
      \; | [[:cntrl:]]) printf -v c '\\x%02x' "'$c" ;;
    esac
    __roost_escaped+=$c
  done
}
__roost_run() {
  local HISTTIMEFORMAT= line
  if [ "$1" != "$__roost_history" ]; then
    line=$(builtin history 1)
    line=${line#*[0-9]}; line=${line#"${line%%[!0-9]*}"}; line=${line#[* ] }
    __roost_escape "${line:0:4000}"
    __roost_say "E;$__roost_escaped"
  fi
  __roost_say C
}
__roost_return() { return "$1"; }
__roost_prompt() {
  local code=$? one
  __roost_say "D;$code"
  for one in "${__roost_others[@]}"; do
    __roost_return "$code"
    eval "$one"
  done
  if [ "$PS1" != "$__roost_ps1" ]; then
    __roost_ps1="\[$__roost_begin\]$PS1\[$__roost_end\]"
    PS1=$__roost_ps1
  fi
  if [ "$PWD" != "$__roost_pwd" ]; then
    __roost_pwd=$PWD
    __roost_escape "$PWD"
    __roost_say "P;Cwd=$__roost_escaped"
  fi
  __roost_history=$HISTCMD
  __roost_return "$code"
}
printf -v __roost_begin '\033]633;A;%s\007' "$__roost_nonce"
printf -v __roost_end '\033]633;B;%s\007' "$__roost_nonce"
__roost_ps1= __roost_pwd= __roost_history=$HISTCMD
__roost_others=()
for __roost_one in "${PROMPT_COMMAND[@]}"; do [ -n "$__roost_one" ] && __roost_others+=("$__roost_one"); done
unset __roost_one PROMPT_COMMAND
PROMPT_COMMAND=__roost_prompt
PS0="${PS0-}"'$(__roost_run "$HISTCMD")'
"""
)

ZSHENV = """# Roost's place for zsh's files: each reads the user's own, and the last one gives their place back.
ROOST_ZDOTDIR_OWN=$ZDOTDIR
ZDOTDIR=${ROOST_ZDOTDIR:-$HOME}
[[ -r $ZDOTDIR/.zshenv ]] && . "$ZDOTDIR/.zshenv"
ROOST_ZDOTDIR=$ZDOTDIR ZDOTDIR=$ROOST_ZDOTDIR_OWN
"""

ZPROFILE = """ZDOTDIR=$ROOST_ZDOTDIR
[[ -r $ZDOTDIR/.zprofile ]] && . "$ZDOTDIR/.zprofile"
ROOST_ZDOTDIR=$ZDOTDIR ZDOTDIR=$ROOST_ZDOTDIR_OWN
"""

ZSHRC = (
    """ZDOTDIR=$ROOST_ZDOTDIR
unset ROOST_ZDOTDIR ROOST_ZDOTDIR_OWN
[[ $ZDOTDIR == $HOME ]] && unset ZDOTDIR
[[ -r ${ZDOTDIR:-$HOME}/.zshrc ]] && . "${ZDOTDIR:-$HOME}/.zshrc"
"""
    + SAY
    + r"""
__roost_escape() {
  emulate -L zsh
  local LC_ALL=C text=$1 out= c i
  if [[ $text != *[\\\;[:cntrl:]]* ]]; then print -rn -- "$text"; return; fi
  for ((i = 1; i <= ${#text}; i++)); do
    c=$text[i]
    case $c in
      (\\) out+='\\' ;;
      (\;|[[:cntrl:]]) out+=$(printf '\\x%02x' "'$c") ;;
      (*) out+=$c ;;
    esac
  done
  print -rn -- "$out"
}
__roost_preexec() {
  __roost_say "E;$(__roost_escape "${1[1,4000]}")"
  __roost_say C
}
__roost_precmd() {
  __roost_say "D;$?"
  if [[ $PWD != $__roost_pwd ]]; then
    __roost_pwd=$PWD
    __roost_say "P;Cwd=$(__roost_escape "$PWD")"
  fi
}
__roost_wrap() {
  if [[ $PS1 != $__roost_ps1 ]]; then
    __roost_ps1="%{$(__roost_say A)%}$PS1%{$(__roost_say B)%}"
    PS1=$__roost_ps1
  fi
}
__roost_ps1= __roost_pwd=
# zsh fills the last line of a command's output up before precmd is called: the output ends before that.
PROMPT_EOL_MARK="%{"$'\e'"]633;D;%?;$__roost_nonce"$'\a'"%}${PROMPT_EOL_MARK-%B%S%#%s%b}"
autoload -Uz add-zsh-hook
precmd_functions=(__roost_precmd $precmd_functions __roost_wrap)
add-zsh-hook preexec __roost_preexec
"""
)

SH = (
    """# Marks prompts for Roost (OSC 633); a plain shell cannot say when a command begins: its end of line does.
[ -n "${ROOST_ENV-}" ] && [ -r "$ROOST_ENV" ] && . "$ROOST_ENV"
unset ROOST_ENV ENV
"""
    + SAY
    + r"""
__roost_prompt() {
  __roost_say "D;$1"
  case $PWD in *[\\\;]*) ;; *) __roost_say "P;Cwd=$PWD" ;; esac
  __roost_say A
}
PS1='$(__roost_prompt $?)'"${PS1:-$ }"'$(__roost_say B)'
"""
)

FILES = {"bash.sh": BASH, "sh.sh": SH, ".zshenv": ZSHENV, ".zprofile": ZPROFILE, ".zshrc": ZSHRC}
NONCE = "ROOST_NONCE"
EARLY = {"ROOST_EARLY": "1"}
PLAIN = (("-i",), ("-l",), ("--login",), ("-i", "-l"), ("-l", "-i"), ())
"""The arguments of a shell that is used by a person."""


class Start(NamedTuple):
    """How to start a shell: its arguments, and what to add to its environment.

    `marks`: it marks its prompts. `tells`: also when a command begins; else the end of the line that was typed does.
    """

    arguments: Sequence[str]
    environment: Mapping[str, str]
    marks: bool = True
    tells: bool = True
    early: bool = False
    """It may be started with `EARLY` instead, before it is wanted, and told its nonce by a line on descriptor 4."""


def write(folder: Path) -> None:
    """Put the files that shells read into `folder`, that of the host's tools. It blocks: call it in a thread."""
    place = folder / FOLDER
    place.mkdir(mode=0o755, parents=True, exist_ok=True)
    for name, text in FILES.items():
        file = place / name
        fresh = place / f"{name}.new"
        fresh.write_text(text)
        fresh.chmod(0o644)
        fresh.replace(file)


def plan(shell: str, arguments: Sequence[str], env: Mapping[str, str | None], folder: str | None, nonce: str) -> Start:
    """How to start `shell`: so that it marks its output with `nonce`, if it can and is for a person to use.

    `folder` is where the shell finds the host's tools, None where it does not.
    """
    if tuple(arguments) not in PLAIN or folder is None:
        return Start(arguments, {}, marks=False)
    place, login = f"{folder}/{FOLDER}", any(one in ("-l", "--login") for one in arguments)
    given = {NONCE: nonce}
    match basename(shell):
        case "bash":
            more = {"ROOST_LOGIN": "1"} if login else {}
            return Start(("--init-file", f"{place}/bash.sh", "-i"), given | more, early=not login)
        case "zsh":
            own = env.get("ZDOTDIR")
            more = {"ROOST_ZDOTDIR": own} if own else {}
            return Start(arguments, given | more | {"ZDOTDIR": place})
        case "sh" | "dash" | "ash" | "ksh":
            own = env.get("ENV")
            return Start(
                arguments, given | ({"ROOST_ENV": own} if own else {}) | {"ENV": f"{place}/sh.sh"}, tells=False
            )
    return Start(arguments, {}, marks=False)
