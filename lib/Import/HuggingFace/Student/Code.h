//===- Code.h - what computes an exported student in transformers ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef LIB_IMPORT_HUGGINGFACE_STUDENT_CODE_H
#define LIB_IMPORT_HUGGINGFACE_STUDENT_CODE_H

namespace xlstm {

/// configuration_xlstm_hybrid.py and modeling_xlstm_hybrid.py.
extern const char *const configurationCode, *const modelingCode;

} // namespace xlstm

#endif // LIB_IMPORT_HUGGINGFACE_STUDENT_CODE_H
