//===- Completion.cpp - xlstm completion: a shell's, and the manual page --===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Commands.h"

#include <iostream>

namespace xlstm {
namespace {

using CLI::detail::join;

/// "-o" and "--output" of an option; none of a positional.
std::vector<std::string> spellings(const CLI::Option &option) {
  std::vector<std::string> found;
  for (const std::string &name : option.get_snames())
    found.push_back("-" + name);
  for (const std::string &name : option.get_lnames())
    found.push_back("--" + name);
  return found;
}

/// The words that an option takes, where its type says them: "TEXT:{cpu,cuda}=cpu".
std::vector<std::string> choicesOf(const CLI::Option &option) {
  std::string type = option.get_type_name();
  size_t begin = type.find('{'), end = type.find('}');
  if (begin == std::string::npos || end == std::string::npos)
    return {};
  return CLI::detail::split(type.substr(begin + 1, end - begin - 1), ',');
}

std::vector<const CLI::App *> verbsOf(const CLI::App &app) {
  return app.get_subcommands([](const CLI::App *) { return true; });
}

/// Calls `each` with every verb, those of a verb too, and the words that lead there: "bench kernels".
void forVerbs(const CLI::App &app, const std::string &path, auto &&each) {
  for (const CLI::App *verb : verbsOf(app)) {
    std::string words = path.empty() ? verb->get_name() : path + " " + verb->get_name();
    each(*verb, words);
    forVerbs(*verb, words, each);
  }
}

std::vector<std::string> wordsOf(const CLI::App &app) {
  std::vector<std::string> words;
  for (const CLI::App *verb : verbsOf(app))
    words.push_back(verb->get_name());
  for (const CLI::Option *option : app.get_options())
    for (const std::string &word : spellings(*option))
      words.push_back(word);
  return words;
}

std::string bash(const CLI::App &app) {
  std::string words = "    '') words='" + join(wordsOf(app), " ") + "' ;;\n", values;
  forVerbs(app, "", [&](const CLI::App &verb, const std::string &path) {
    words += "    '" + path + "') words='" + join(wordsOf(verb), " ") + "' ;;\n";
    for (const CLI::Option *option : verb.get_options())
      if (std::vector<std::string> choices = choicesOf(*option); !choices.empty())
        for (const std::string &word : spellings(*option))
          values += "    '" + path + " " + word + "') COMPREPLY=($(compgen -W '" + join(choices, " ") +
                    "' -- \"$cur\")); return ;;\n";
  });
  return "# bash: source <(xlstm completion bash)\n_xlstm() {\n  local cur=${COMP_WORDS[COMP_CWORD]} "
         "prev=${COMP_WORDS[COMP_CWORD-1]} path= word words=\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n    [[ $word == -* ]] && break\n"
         "    case \" $(_xlstm_words \"$path\") \" in *\" $word \"*) path=\"${path:+$path }$word\" ;; *) break ;; "
         "esac\n  done\n"
         "  case \"$path $prev\" in\n" +
         values +
         "  esac\n  words=$(_xlstm_words \"$path\")\n"
         "  if [[ -z $path || $cur == -* || $words != -* ]]; then COMPREPLY=($(compgen -W \"$words\" -- \"$cur\")); "
         "fi\n}\n"
         "_xlstm_words() {\n  local words=\n  case \"$1\" in\n" +
         words + "  esac\n  echo \"$words\"\n}\ncomplete -o default -F _xlstm xlstm\n";
}

std::string zsh(const CLI::App &app) {
  return "#compdef xlstm\n# zsh: source <(xlstm completion zsh)\nautoload -U +X compinit bashcompinit && compinit && "
         "bashcompinit\n" +
         bash(app);
}

/// A text in single quotes, for fish.
std::string quoted(const std::string &text) {
  std::string result = "'";
  for (char c : text)
    result += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return result + "'";
}

std::string fish(const CLI::App &app) {
  std::string text = "# fish: xlstm completion fish | source\n";
  for (const CLI::App *verb : verbsOf(app))
    text += "complete -c xlstm -n __fish_use_subcommand -a " + verb->get_name() + " -d " +
            quoted(verb->get_description()) + "\n";
  forVerbs(app, "", [&](const CLI::App &verb, const std::string &) {
    for (const CLI::Option *option : verb.get_options()) {
      std::string names;
      for (const std::string &name : option->get_snames())
        names += " -s " + name;
      for (const std::string &name : option->get_lnames())
        names += " -l " + name;
      if (names.empty())
        continue;
      std::vector<std::string> choices = choicesOf(*option);
      text += "complete -c xlstm -n '__fish_seen_subcommand_from " + verb.get_name() + "'" + names +
              (choices.empty() ? "" : " -x -a '" + join(choices, " ") + "'") + " -d " +
              quoted(option->get_description()) + "\n";
    }
  });
  return text;
}

/// Text of a manual page: no line may begin with a dot, and a minus is one.
std::string roff(const std::string &text) {
  std::string result;
  for (char c : text)
    result += c == '\\' ? "\\e" : c == '-' ? "\\-" : std::string(1, c);
  return result.starts_with('.') ? "\\&" + result : result;
}

std::string manual(const CLI::App &app) {
  std::string text = ".TH XLSTM 1 \"\" \"xlstm " XLSTM_VERSION "\"\n.SH NAME\nxlstm \\- " +
                     roff(app.get_description()) + "\n.SH SYNOPSIS\n.B xlstm\n.I verb\n.RI [ options ]\n.SH VERBS\n";
  forVerbs(app, "", [&](const CLI::App &verb, const std::string &path) {
    text += ".SS " + path + "\n" + roff(verb.get_description()) + "\n";
    for (const CLI::Option *option : verb.get_options()) {
      std::vector<std::string> names = spellings(*option);
      std::string type = option->get_type_name();
      text += ".TP\n.B " + roff(names.empty() ? option->get_name(true) : join(names, ", ")) +
              (type.empty() ? "" : " \\fR" + roff(type)) + "\n" + roff(option->get_description()) + "\n";
    }
  });
  return text + ".SH SEE ALSO\nThe documents in docs/ of the source, README.md first.\n";
}

} // namespace

void addCompletionCommand(CLI::App &app) {
  auto kind = std::make_shared<std::string>();
  CLI::App *verb =
      app.add_subcommand("completion", "Print the completion of a shell, or the manual page, made of what --help says");
  verb->add_option("kind", *kind, "bash, zsh, fish, or man")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish", "man"}));
  verb->callback([kind, &app] {
    std::cout << (*kind == "bash" ? bash(app) : *kind == "zsh" ? zsh(app) : *kind == "fish" ? fish(app) : manual(app));
  });
}

} // namespace xlstm
