// RUN: xlstm-opt %s --xlstm-raise-attention | FileCheck %s
// Masks with a window that is longer than the text which they are evaluated for, however it is written.

// CHECK-LABEL: onnx.graph @masks(
onnx.graph @masks(%ids: tensor<?x?xi64> {onnx.name = "input_ids"}, %xi: tensor<?x?x2x4xf32>) -> (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>) {
  %w = onnx.weight "norm" : tensor<4xf32>
  %x = lm.rms_norm %xi, %w {eps = 1.0e-5 : f64} : tensor<?x?x2x4xf32>, tensor<4xf32>
  %q = onnx.Transpose %x {perm = array<i64: 0, 2, 1, 3>} : (tensor<?x?x2x4xf32>) -> tensor<?x2x?x4xf32>
  %zero = onnx.initializer = dense<0> : tensor<i64> : tensor<i64>
  %one = onnx.initializer = dense<1> : tensor<i64> : tensor<i64>
  %front = onnx.initializer = dense<[0, 1, 2]> : tensor<3xi64> : tensor<3xi64>
  %around = onnx.initializer = dense<[0, 1, 3]> : tensor<3xi64> : tensor<3xi64>
  %c0 = onnx.initializer = dense<4096> : tensor<i64> : tensor<i64>
  %c1 = onnx.initializer = dense<9> : tensor<i64> : tensor<i64>
  %c2 = onnx.initializer = dense<131072> : tensor<i64> : tensor<i64>
  %c3 = onnx.initializer = dense<-32768> : tensor<i64> : tensor<i64>
  %c4 = onnx.initializer = dense<500000000> : tensor<i64> : tensor<i64>
  %c5 = onnx.initializer = dense<4611686018427387904> : tensor<i64> : tensor<i64>
  %c6 = onnx.initializer = dense<700> : tensor<i64> : tensor<i64>
  %c7 = onnx.initializer = dense<64> : tensor<i64> : tensor<i64>
  %shape = onnx.Shape %ids {start = 1 : i64, end = 2 : i64} : (tensor<?x?xi64>) -> tensor<1xi64>
  %length = onnx.Squeeze %shape : (tensor<1xi64>) -> tensor<i64>
  %t = onnx.Range %zero, %length, %one : (tensor<i64>, tensor<i64>, tensor<i64>) -> tensor<?xi64>
  %keys = onnx.Unsqueeze %t, %front : (tensor<?xi64>, tensor<3xi64>) -> tensor<1x1x1x?xi64>
  %queries = onnx.Unsqueeze %t, %around : (tensor<?xi64>, tensor<3xi64>) -> tensor<1x1x?x1xi64>
  %causal = onnx.LessOrEqual %keys, %queries : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  // j > t - 4096
  %v1 = onnx.Sub %queries, %c0 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v2 = onnx.Greater %keys, %v1 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v3 = onnx.And %causal, %v2 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 4096 : i64}
  %v4 = onnx.Attention %q, %q, %q, %v3 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // j >= t - 4096
  %v5 = onnx.Sub %queries, %c0 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v6 = onnx.GreaterOrEqual %keys, %v5 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v7 = onnx.And %causal, %v6 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 4097 : i64}
  %v8 = onnx.Attention %q, %q, %q, %v7 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // t - 9 < j
  %v9 = onnx.Sub %queries, %c1 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v10 = onnx.Less %v9, %keys : (tensor<1x1x?x1xi64>, tensor<1x1x1x?xi64>) -> tensor<1x1x?x?xi1>
  %v11 = onnx.And %causal, %v10 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 9 : i64}
  %v12 = onnx.Attention %q, %q, %q, %v11 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // j + 131072 > t
  %v13 = onnx.Add %keys, %c2 : (tensor<1x1x1x?xi64>, tensor<i64>) -> tensor<1x1x1x?xi64>
  %v14 = onnx.Greater %v13, %queries : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v15 = onnx.And %causal, %v14 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 131072 : i64}
  %v16 = onnx.Attention %q, %q, %q, %v15 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // j > t + -32768
  %v17 = onnx.Add %queries, %c3 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v18 = onnx.Greater %keys, %v17 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v19 = onnx.And %causal, %v18 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 32768 : i64}
  %v20 = onnx.Attention %q, %q, %q, %v19 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  %v21 = onnx.Sub %queries, %c4 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v22 = onnx.Greater %keys, %v21 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v23 = onnx.And %causal, %v22 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 500000000 : i64}
  %v24 = onnx.Attention %q, %q, %q, %v23 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // as good as none
  %v25 = onnx.Sub %queries, %c5 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v26 = onnx.Greater %keys, %v25 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v27 = onnx.And %causal, %v26 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64}
  %v28 = onnx.Attention %q, %q, %q, %v27 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // the flag's is shorter
  %v29 = onnx.Sub %queries, %c0 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v30 = onnx.Greater %keys, %v29 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v31 = onnx.And %causal, %v30 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 8 : i64}
  %v32 = onnx.Attention %q, %q, %q, %v31 {is_causal = 1 : i64, left_window_size = 7 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // the mask's is shorter
  %v33 = onnx.Sub %queries, %c0 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v34 = onnx.Greater %keys, %v33 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v35 = onnx.And %causal, %v34 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 4096 : i64}
  %v36 = onnx.Attention %q, %q, %q, %v35 {is_causal = 1 : i64, left_window_size = 8191 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  // two of them
  %v37 = onnx.Sub %queries, %c6 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v38 = onnx.Greater %keys, %v37 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v39 = onnx.Sub %queries, %c7 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v40 = onnx.Greater %keys, %v39 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v41 = onnx.And %v38, %v40 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  %v42 = onnx.And %causal, %v41 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 64 : i64}
  %v43 = onnx.Attention %q, %q, %q, %v42 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  %v44 = onnx.Sub %queries, %c7 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v45 = onnx.Greater %keys, %v44 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v46 = onnx.Sub %queries, %c6 : (tensor<1x1x?x1xi64>, tensor<i64>) -> tensor<1x1x?x1xi64>
  %v47 = onnx.Greater %keys, %v46 : (tensor<1x1x1x?xi64>, tensor<1x1x?x1xi64>) -> tensor<1x1x?x?xi1>
  %v48 = onnx.And %v45, %v47 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  %v49 = onnx.And %causal, %v48 : (tensor<1x1x?x?xi1>, tensor<1x1x?x?xi1>) -> tensor<1x1x?x?xi1>
  // CHECK: lm.attention %{{.*}} {scale = 5.000000e-01 : f64, window = 64 : i64}
  %v50 = onnx.Attention %q, %q, %q, %v49 {is_causal = 0 : i64} : (tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<1x1x?x?xi1>) -> tensor<?x2x?x4xf32>
  onnx.return %v4, %v8, %v12, %v16, %v20, %v24, %v28, %v32, %v36, %v43, %v50 : tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>, tensor<?x2x?x4xf32>
}
