//===- ChatCheck.cpp - whether a model's chat template can be rendered ----===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "ChatCheck.h"

#include "xlstm/Runtime/Files/ChatFiles.h"
#include "xlstm/Runtime/Text/ChatTemplate.h"
#include "xlstm/Support/Error.h"

#include <iostream>

namespace xlstm {

static constexpr const char *cannotUse = ": --chat cannot use this template\n";

void warnOfChatTemplate(const std::filesystem::path &folder) {
  try {
    std::optional<ChatFiles> files = findChatTemplate(folder);
    if (!files)
      return;
    bool isDivided = !files->toolText.empty();
    for (bool forTools : {false, true}) {
      ChatTemplate chatTemplate = ChatTemplate::parse(files->textFor(forTools), files->origin);
      std::optional<std::string> fault =
          chatTemplate.findFault(files->specialTokens, !forTools, forTools || !isDivided);
      if (fault)
        std::cerr << "xlstm: warning: " << *fault << cannotUse;
      if (fault || !isDivided)
        return;
    }
  } catch (const Error &error) {
    std::cerr << "xlstm: warning: " << error.what() << cannotUse;
  }
}

} // namespace xlstm
