/** `completion`: the script that lets a shell complete what is typed. It asks the program, so it need not change with it. */
import { type Command, defineCommand } from "../command.js";
import { COMPLETE, FILES } from "../completion-words.js";
import { badArguments } from "../failure.js";

/** Words are split at `=` and `:` in bash: they are put together before, and what it has already is cut off the answer. */
const BASH = `# kvorumctl in bash: source <(kvorumctl completion bash)
_kvorumctl() {
  local words=() word glue="" last="\${COMP_WORDS[COMP_CWORD]}"
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD}"; do
    if [[ \${#words[@]} -gt 0 && ( $word == [=:]* || -n $glue ) ]]; then
      words[\${#words[@]} - 1]+="$word"
      if [[ $word == [=:]* ]]; then glue=1; else glue=""; fi
    else
      words+=("$word")
    fi
  done
  local current="\${words[\${#words[@]} - 1]}" typed
  typed="\${current%"$last"}"
  if [[ $last == [=:]* ]]; then typed="$current" last=""; fi
  COMPREPLY=()
  while IFS=$'\\t' read -r word _; do
    if [[ $word == "${FILES.word}" ]]; then
      compopt -o filenames 2> /dev/null
      while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$last")
      return
    fi
    COMPREPLY+=("\${word#"$typed"}")
  done < <("\${COMP_WORDS[0]}" ${COMPLETE} "\${words[@]}" 2> /dev/null)
}
complete -F _kvorumctl kvorumctl
`;

const ZSH = `#compdef kvorumctl
# kvorumctl in zsh: source <(kvorumctl completion zsh), after compinit
_kvorumctl() {
  local word text
  local -a found
  while IFS=$'\\t' read -r word text; do
    if [[ $word == "${FILES.word}" ]]; then
      _files
      return
    fi
    found+=("\${word//:/\\\\:}\${text:+:$text}")
  done < <("\${words[1]}" ${COMPLETE} "\${(@)words[2,CURRENT]}" 2> /dev/null)
  _describe kvorumctl found
}
if [[ "\${funcstack[1]}" == _kvorumctl ]]; then
  _kvorumctl "$@"
else
  compdef _kvorumctl kvorumctl
fi
`;

const FISH = `# kvorumctl in fish: kvorumctl completion fish | source
function __kvorumctl_complete
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l found (kvorumctl ${COMPLETE} $before[2..-1] "$current" 2>/dev/null)
    if string match -q "${FILES.word}*" -- "$found[1]"
        __fish_complete_path "$current"
    else
        printf '%s\\n' $found
    end
end
complete -c kvorumctl -f -a '(__kvorumctl_complete)'
`;

const SCRIPTS: ReadonlyMap<string, string> = new Map([
  ["bash", BASH],
  ["zsh", ZSH],
  ["fish", FISH],
]);

export const completion: Command = defineCommand({
  usage: "<bash|zsh|fish>",
  description: [
    "Prints a script. For this shell alone: source <(kvorumctl completion bash), or kvorumctl completion fish | source.",
    "For every shell to come, put that line into ~/.bashrc, ~/.zshrc or ~/.config/fish/config.fish.",
  ].join("\n"),
  flags: {},
  choices: [...SCRIPTS.keys()],
  run: async (context, args) => {
    const script = SCRIPTS.get(args[0] ?? "");
    if (script === undefined || args.length > 1) throw badArguments("completion needs one of bash, zsh and fish");
    context.terminal.out(script);
    return undefined;
  },
});
