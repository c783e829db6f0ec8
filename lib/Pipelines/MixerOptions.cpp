//===- MixerOptions.cpp - the options of a student's mixer, as data -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "xlstm/Pipelines/MixerOptions.h"
#include "dialects/XLSTM/XLSTMDialect.h"

#include "mlir/AsmParser/AsmParser.h"
#include "llvm/ADT/StringExtras.h"

#include <algorithm>

using namespace mlir;

namespace xlstm {

std::string MixerOption::flag() const {
  std::string text = name;
  std::ranges::replace(text, '_', '-');
  return text;
}

const std::vector<MixerOption> &mixerOptions() {
  static const std::vector<MixerOption> options = [] {
    std::vector<MixerOption> found;
    xlstm::MixerAttr::forEachOption(
        [&](StringRef name, StringRef kind, StringRef value, StringRef meaning, StringRef choices) {
          MixerOption option{kind == "Count"    ? MixerOption::Kind::Count
                             : kind == "Number" ? MixerOption::Kind::Number
                                                : MixerOption::Kind::Choice,
                             name.str(),
                             value.str(),
                             meaning.str(),
                             {}};
          for (StringRef choice : llvm::split(choices, '|'))
            if (!choice.empty())
              option.choices.push_back(choice.str());
          found.push_back(option);
        });
    return found;
  }();
  return options;
}

std::string mixerOptionError(const MixerOption &option, const std::string &value) {
  MLIRContext context(MLIRContext::Threading::DISABLED);
  context.loadDialect<xlstm::XLSTMDialect>();
  std::string reason;
  ScopedDiagnosticHandler keep(&context, [&](Diagnostic &diagnostic) {
    reason = reason.empty() ? diagnostic.str() : reason;
    return success();
  });
  bool isText = option.kind == MixerOption::Kind::Choice;
  std::string text = isText ? '"' + value + '"' : value;
  parseAttribute("#xlstm.mixer<" + option.name + " = " + text + ">", &context);
  return reason;
}

} // namespace xlstm
