//===- ModelCard.h - what there is to say of a model's parts --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_MODELCARD_H
#define XLSTM_TOOLS_XLSTM_MODELCARD_H

#include "xlstm/Runtime/Files/Json.h"
#include "xlstm/Runtime/Files/Safetensors.h"

namespace xlstm {

/// Shapes, layers (equal ones together) and parameters of @model of a module. Throws Error naming `origin`.
Json modelCard(std::string_view mlir, const std::string &origin);
/// Counts a tensor under its type.
void addTensor(Json &types, const std::string &type, uint64_t bytes);
/// Number, types and bytes of tensors.
Json weightsCard(const std::map<std::string, StoredTensor> &tensors);
/// What a tokenizer.json holds, and why it is not supported where it is not.
Json tokenizerCard(std::string_view json, const std::string &origin);

/// A card for reading: a line a member, of a list a line an element.
std::string cardText(const Json &card);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_MODELCARD_H
