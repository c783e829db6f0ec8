//===- PackedAttention.cpp - full attention, a document at a time ---------===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "runtime/Evaluate/PackedAttention.h"

#include "runtime/Evaluate/Upload.h"

#include <ATen/SDPBackend.h>
#include <ATen/ops/_flash_attention_forward.h>
#include <ATen/ops/_fused_sdp_choice.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/scaled_dot_product_attention.h>

#include <algorithm>
#include <limits>

using at::Tensor;

namespace xlstm::evaluate {

PackedDocuments packDocuments(const Tensor &host_BT, c10::Device device) {
  PackedDocuments documents;
  int64_t count = host_BT.numel(), T = host_BT.size(1);
  if (count > std::numeric_limits<int32_t>::max())
    return documents;
  const int64_t *start = host_BT.const_data_ptr<int64_t>();
  for (int64_t i = 0; i < count; ++i) {
    if (start[i] == i % T)
      documents.starts.push_back(i);
    else if (start[i] != start[i - 1]) // i % T > 0: a row's first token begins a document
      return documents;
  }
  documents.starts.push_back(count);
  Tensor starts = at::empty({int64_t(documents.starts.size())}, at::kInt);
  std::copy(documents.starts.begin(), documents.starts.end(), starts.mutable_data_ptr<int32_t>());
  documents.starts_N1 = upload(starts, device);
  for (size_t n = 0; n + 1 < documents.starts.size(); ++n)
    documents.longest = std::max(documents.longest, documents.starts[n + 1] - documents.starts[n]);
  return documents;
}

bool hasPackedKernel(const Tensor &q_BTHd, const Tensor &k_BTKd, const Tensor &v_BTKd, double scale) {
  at::ScalarType type = q_BTHd.scalar_type();
  int64_t d = q_BTHd.size(3);
  if (!q_BTHd.is_cuda() || (type != at::kBFloat16 && type != at::kHalf) || k_BTKd.scalar_type() != type ||
      v_BTKd.scalar_type() != type || d % 8 != 0 || d > 256 || v_BTKd.size(3) != d)
    return false;
  Tensor q = q_BTHd.transpose(1, 2), k = k_BTKd.transpose(1, 2), v = v_BTKd.transpose(1, 2);
  // What it would choose for whole rows says what this GPU can.
  int64_t choice = at::_fused_sdp_choice(q, k, v, {}, 0.0, /*is_causal=*/true, scale, q.size(1) != k.size(1));
  return choice == int64_t(at::SDPBackend::flash_attention) || choice == int64_t(at::SDPBackend::cudnn_attention);
}

/// q [tokens, H, d].
static Tensor attendEach(const Tensor &q, const Tensor &k, const Tensor &v, const PackedDocuments &documents,
                         double scale) {
  std::vector<Tensor> parts;
  for (size_t n = 0; n + 1 < documents.starts.size(); ++n) {
    int64_t from = documents.starts[n], count = documents.starts[n + 1] - from;
    auto rows = [&](const Tensor &x) { return x.narrow(0, from, count).transpose(0, 1).unsqueeze(0); };
    parts.push_back(
        at::scaled_dot_product_attention(rows(q), rows(k), rows(v), {}, 0.0, true, scale, q.size(1) != k.size(1))
            .squeeze(0)
            .transpose(0, 1));
  }
  return at::cat(parts);
}

Tensor attendPacked(const Tensor &q_BTHd, const Tensor &k_BTKd, const Tensor &v_BTKd, const PackedDocuments &documents,
                    double scale) {
  Tensor q = q_BTHd.flatten(0, 1), k = k_BTKd.flatten(0, 1), v = v_BTKd.flatten(0, 1), h;
  if (q.is_cuda())
    h = std::get<0>(at::_flash_attention_forward(q, k, v, documents.starts_N1, documents.starts_N1, documents.longest,
                                                 documents.longest, /*dropout_p=*/0.0, /*is_causal=*/true,
                                                 /*return_debug_mask=*/false, scale));
  else
    h = attendEach(q, k, v, documents, scale);
  return h.unflatten(0, {q_BTHd.size(0), q_BTHd.size(1)});
}

} // namespace xlstm::evaluate
