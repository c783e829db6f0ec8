//===- TeacherReader.h - the configuration that a module has --------------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_TEACHERREADER_H
#define LIB_IMPORT_HUGGINGFACE_TEACHERREADER_H

#include "lib/Import/HuggingFace/Config.h"

#include "dialects/LM/LMDialect.h"

namespace xlstm {

/// The inverse of buildTeacherModule: sizes, windows, rotations and biases of a model as one of `family`, read from its
/// ops and the shapes of its params. Nothing when a tensor that every model of the family has is not there. The result
/// is a guess until buildTeacherModule makes the same module of it.
std::optional<TeacherConfig> readTeacher(lm::ModelOp model, const Family &family);

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_TEACHERREADER_H
