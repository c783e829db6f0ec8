//===- ImportTargets.h - DistillKit's rows become a target store ----------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#ifndef XLSTM_RUNTIME_DATA_IMPORTTARGETS_H
#define XLSTM_RUNTIME_DATA_IMPORTTARGETS_H

#include "xlstm/Runtime/Data/TargetStore.h"

namespace xlstm {

struct ImportOptions {
  TargetFormat format;          // k 0: that of the rows
  std::filesystem::path config; // DistillKit's compression_config.yaml; empty where rows have plain values
  std::filesystem::path corpus; // folder for the documents in tokens; empty: not written
  bool anyTeacher = false;      // whatever the teacher itself answers
  int64_t tokensPerShard = 1 << 16;
  std::string label = "targets"; // of the progress
};

/// Adds what rows of Parquet files hold to the store `folder`, which begins here where there is none; what it has
/// already is left out. Rows are those of github.com/arcee-ai/DistillKit at a61c2e7: `input_ids`, and behind each of
/// the first n of them, as many as there are, the teacher's likeliest: `compressed_logprobs` and `bytepacked_indices`,
/// or `top_values` and `token_ids`. Ids beyond the n-th have no targets and are no part of the document. Where there is
/// an `attention_mask`, each run of one number above 0 is a document; where there are `labels`, negative ones are not
/// learned. The first document is compared with what function "model" of `program` answers. Throws Error: not such
/// rows, ids that the vocabulary has not, values that are no log-probabilities, rows of another teacher. Returns the
/// number of documents.
int64_t importTargets(const Program &program, const ParamMap &params, const std::vector<std::filesystem::path> &files,
                      const ImportOptions &options, const std::filesystem::path &folder);

} // namespace xlstm

#endif // XLSTM_RUNTIME_DATA_IMPORTTARGETS_H
