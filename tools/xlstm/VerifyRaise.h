//===- VerifyRaise.h - is a raised module what the graph computes? --------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_TOOLS_XLSTM_VERIFYRAISE_H
#define XLSTM_TOOLS_XLSTM_VERIFYRAISE_H

#include "xlstm/Import/Onnx.h"
#include "xlstm/Runtime/Evaluate/Program.h"

#include <iosfwd>

namespace xlstm {

/// A lifted op and the node whose value it should have.
struct RaisedRegion {
  std::string kind;        // "RoPE"
  std::string node;        // "node 'add_3' (Add, in model.layers.0.self_attn)"
  double error = 0;        // the largest difference, relative to the largest value of the node
  double tolerance = 1e-4; // larger for files in half precision, whose tables are coarse
};

/// Runs the graph and the module that was raised from it (noted by xlstm-note-nodes) on the same random ids of several
/// lengths, both in float64, and compares what each noted op and its node compute, and the logits. In the order of the
/// module; an op whose value no node of the graph has (parts of fused nodes) is left out: what reads it is compared.
std::vector<RaisedRegion> compareRaised(const OnnxModel &onnx, const Program &raised, const ParamMap &params,
                                        const std::string &origin);

/// Prints a table, then throws Error about the first region beyond its tolerance.
void reportRaised(std::ostream &out, const std::vector<RaisedRegion> &regions, const std::string &origin);

/// importOnnx, and the check; when it fails nothing is written.
std::vector<std::string> importVerified(const std::filesystem::path &source, const std::filesystem::path &output);

} // namespace xlstm

#endif // XLSTM_TOOLS_XLSTM_VERIFYRAISE_H
