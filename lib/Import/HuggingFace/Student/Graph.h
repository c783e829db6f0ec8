//===- Graph.h - a student's ops as JSON ----------------------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_STUDENT_GRAPH_H
#define LIB_IMPORT_HUGGINGFACE_STUDENT_GRAPH_H

#include "dialects/LM/LMDialect.h"
#include "xlstm/Runtime/Files/Json.h"

namespace xlstm {

/// @model as config.json of an exported student has it; configuration_xlstm_hybrid.py says how it is read. Layers that
/// differ in nothing but their parameters' index are one kind. Throws Error naming `origin`: an op that no function of
/// modeling_xlstm_hybrid.py computes, or layers that are no chain.
Json graphOf(lm::ModelOp model, const std::string &origin);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_STUDENT_GRAPH_H
