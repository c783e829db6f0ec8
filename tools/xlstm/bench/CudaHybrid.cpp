//===- CudaHybrid.cpp - the fused mixer on CUDA, beside ATen's composition and its rivals ---===//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

#include "Mixer.h"

#include "xlstm/Support/Error.h"

#include <cmath>

namespace xlstm::bench {

static void check(int error) {
  if (error)
    fail("hybrid: CUDA error ", error);
}

static Work mixer(const xlstm_hybrid_shape &shape, bool withBackward) {
  size_t bytes = xlstm_cuda_hybrid_forward_workspace(&shape);
  if (withBackward)
    bytes = std::max(bytes, xlstm_cuda_hybrid_backward_workspace(&shape));
  auto mixer = std::make_shared<Mixer>(shape, at::kCUDA, bytes);
  Work work;
  work.bytes = mixer->bytes() * (withBackward ? 3 : 1), work.flops = mixer->flops(withBackward);
  work.run = [=](void *stream) {
    xlstm_hybrid_inputs in = mixer->inputs();
    xlstm_hybrid_saved keep = mixer->saved();
    void *workspace = mixer->workspace.mutable_data_ptr();
    check(xlstm_cuda_hybrid_forward(&shape, &in, nullptr, mixer->h.mutable_data_ptr(), withBackward ? &keep : nullptr,
                                    workspace, stream));
    if (!withBackward)
      return;
    xlstm_hybrid_gradients out = mixer->outputs();
    check(xlstm_cuda_hybrid_backward(&shape, &in, nullptr, &keep, mixer->h.const_data_ptr(), mixer->dh.const_data_ptr(),
                                     nullptr, &out, workspace, stream));
  };
  work.peers = {mixer->composition(withBackward, at::kBFloat16)};
  return work;
}

void addCudaHybridCases(std::vector<Case> &cases) {
  for (bool withBackward : {false, true})
    for (int64_t T : {4096, 16384, 65536, 262144}) {
      xlstm_hybrid_shape shape = {1, T, 32, 8, 128, 512, 4, 1 / std::sqrt(128.0f), XLSTM_BF16, XLSTM_BF16, 1};
      std::string name = withBackward ? "hybrid_train" : "hybrid_forward", tokens = std::to_string(T);
      Rival rival; // at the length that the others are known for
      if (T == 16384)
        rival = {"mixer.py", (withBackward ? "train " : "forward ") + tokens};
      cases.push_back({name, "B=1 T=" + tokens + " H=32 Hkv=8 d=128 W=512 S=4", "bf16",
                       [=] { return mixer(shape, withBackward); }, rival});
    }
}

} // namespace xlstm::bench
