//===- RecipeFields.h - reading a recipe part by part ---------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_RECIPEFIELDS_H
#define XLSTM_TOOLS_XLSTM_RECIPEFIELDS_H

#include "Recipe.h"

namespace xlstm {

/// The node's word, which is one of `words`. Throws Error.
std::string oneOf(const YamlNode &node, const std::vector<std::string> &words);

/// A name that becomes part of a file's name.
std::string checkedName(const std::string &name, const YamlNode &place);

/// A path relative to the recipe's folder at which there is something.
std::filesystem::path existing(const std::filesystem::path &folder, const YamlNode &node);

/// A number within the range of `key` (Ranges.h). Throws Error.
int64_t asCount(const YamlNode &node, std::string_view key);
double asNumber(const YamlNode &node, std::string_view key);
/// The value of `key` within its range, when it is there; else `value` stays as it is.
void readCount(const YamlNode &node, const std::string &key, int64_t &value);

void readNumber(const YamlNode &node, const std::string &key, double &value);

/// Keys of a stage that trains which are compared on their own, or change no result.
inline const std::vector<std::string> noSettings = {"recompute", "steps"};
/// The section 'align'.
void readAlign(const YamlNode &node, Recipe &recipe);
/// The section 'distill', over the values that `training` has; what experts are made of.
void readDistill(const YamlNode &node, Recipe &recipe, RecipeTraining &training);
void readExperts(const YamlNode &node, const RecipeTraining &defaults, Recipe &recipe);
/// The only expert of a recipe that names none: for all domains alike, unless `distill` says otherwise.
RecipeExpert generalist(const RecipeTraining &defaults, const Recipe &recipe);

/// The section 'on_policy'; 'distill' is read before.
void readOnPolicy(const YamlNode &node, Recipe &recipe);

/// The section 'domains'.
void readDomains(const YamlNode &node, const std::filesystem::path &folder, Recipe &recipe);

/// The section 'merge'; the experts are read before.
void readMerge(const YamlNode &node, Recipe &recipe);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_RECIPEFIELDS_H
