//===- Weights.h - the tensors that a teacher must have -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_WEIGHTS_H
#define LIB_IMPORT_HUGGINGFACE_WEIGHTS_H

#include "lib/Import/HuggingFace/Config.h"
#include "xlstm/Runtime/Files/WeightFiles.h"

namespace xlstm {

/// Whether a model of this configuration has the tensors of a role.
bool hasRole(const TeacherConfig &config, Role role);
/// The shape of the tensors of a role.
std::vector<int64_t> shapeOf(const TeacherConfig &config, Role role);
/// All tensors of the model, layer by layer; their dtype is the file's to choose.
std::vector<TensorSpec> expectedTensors(const TeacherConfig &config);

/// Checks that the files hold every tensor of the model, in its shape and a type that is read (F32, F16, BF16), and
/// none that nothing would read. Returns the names of those that repeat what is known elsewhere: rotary tables, and the
/// head of a tied model. Throws Error naming the file and the tensor.
std::vector<std::string> checkWeights(const TeacherConfig &config, const WeightFiles &weights);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_WEIGHTS_H
