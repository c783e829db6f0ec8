//===- ConfigWriter.h - config.json of a configuration --------------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_CONFIGWRITER_H
#define LIB_IMPORT_HUGGINGFACE_CONFIGWRITER_H

#include "lib/Import/HuggingFace/Config.h"
#include "xlstm/Runtime/Files/WeightFiles.h"

namespace xlstm {

/// The inverse of readTeacherConfig: config.json with the rotary keys of transformers 4 (rope_theta, rope_scaling) and
/// of transformers 5 (rope_parameters). `dtype` is that of the weights, such as "bfloat16". `carried` is a config.json
/// that came along with the model, or null: token ids are taken from it, and the names of its rotary parameters where
/// these give the same frequencies.
Json writeTeacherConfig(const TeacherConfig &config, const std::string &dtype, const Json &carried);

/// The one dtype of all weights as config.json names it, else float32, which holds them all.
std::string torchDtype(const WeightFiles &weights);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_CONFIGWRITER_H
