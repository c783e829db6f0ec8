//===- Config.h - config.json and model card of an exported student -------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_STUDENT_CONFIG_H
#define LIB_IMPORT_HUGGINGFACE_STUDENT_CONFIG_H

#include "dialects/LM/LMDialect.h"
#include "xlstm/Runtime/Files/Bundle.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// Sizes, the classes of Code.h, and the ops of @model. `carried` is the teacher's config.json, or null: token ids are
/// taken from it. Throws Error naming the bundle's module.
Json writeStudentConfig(lm::ModelOp model, const Bundle &bundle, const Json &carried);

std::string configText(const Json &config);

/// README.md: how to load it, what it is, and, of a bundle in a run's folder, its scores and the recipe.
std::string writeModelCard(const Bundle &bundle, const Json &config);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_STUDENT_CONFIG_H
