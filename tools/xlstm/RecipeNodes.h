//===- RecipeNodes.h - reading parts of a recipe --------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_RECIPENODES_H
#define XLSTM_TOOLS_XLSTM_RECIPENODES_H

#include "Recipe.h"

namespace xlstm {

/// A name that becomes part of a file's name.
std::string checkedName(const std::string &name, const YamlNode &place);

/// A path relative to the recipe's folder at which there is something.
std::filesystem::path existing(const std::filesystem::path &folder, const YamlNode &node);

/// The section `domains`.
void readDomains(const YamlNode &node, const std::filesystem::path &folder, Recipe &recipe);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RECIPENODES_H
