//===- Weights.h - the tensors that a teacher must have -------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_WEIGHTS_H
#define LIB_IMPORT_HUGGINGFACE_WEIGHTS_H

#include "lib/Import/HuggingFace/Config.h"
#include "xlstm/Runtime/Files/WeightFiles.h"

namespace xlstm {

/// Whether a model of this configuration has a tensor, in each layer if it is one of layers.
bool hasTensor(const TeacherConfig &config, TensorRole tensor);
/// The shape of a tensor that the family has.
std::vector<int64_t> shapeOf(const TeacherConfig &config, TensorRole tensor);
/// All tensors of the model; their dtype is the file's to choose.
std::vector<TensorSpec> expectedTensors(const TeacherConfig &config);

/// The name that the family has for a tensor called `name`, which may lack the "model." in front or have one too many,
/// as transformers' loader finds it; `name` itself where there is none.
std::string familyName(const TeacherConfig &config, const std::string &name);

/// Brings what transformers loads to the family's form, before checkWeights. Tensors whose names lack the "model." in
/// front, or have one too many, get the family's names. A tied model whose head differs from its embedding is untied,
/// with a warning: transformers 5 reads both tables, 4 the embedding alone. A tied one that has the head alone has it
/// as its embedding. Returns whether a tensor has another name now than in its file. Throws Error when two have one
/// name.
bool fitCheckpoint(TeacherConfig &config, WeightFiles &weights);

/// Checks that the files hold every tensor of the model, in its shape and a type that is read (F32, F16, BF16), and
/// none that nothing would read. Returns the names of those that repeat what is known elsewhere: rotary tables, and the
/// head of a tied model. Throws Error naming the file and the tensor.
std::vector<std::string> checkWeights(const TeacherConfig &config, const WeightFiles &weights);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_WEIGHTS_H
