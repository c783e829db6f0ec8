module {
  lm.model @model(%arg0: tensor<?x?xi64>, %arg1: tensor<?x?xi32>) -> tensor<?x?x288xf32> attributes {context_length = 2048 : i64, family = "llama"} {
    %0 = positions %arg0 docs(%arg1) : (tensor<?x?xi64>, tensor<?x?xi32>) -> tensor<?x?xi32>
    %1 = param "model.embed_tokens.weight" : tensor<288x64xf32>
    %2 = embed %arg0, %1 : (tensor<?x?xi64>, tensor<288x64xf32>) -> tensor<?x?x64xf32>
    %3 = layer 0 (%arg2 = %2) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
      %9 = lm.param "model.layers.0.input_layernorm.weight" : tensor<64xf32>
      %10 = lm.rms_norm %arg2, %9 {eps = 1.000000e-05 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
      %11 = lm.param "model.layers.0.self_attn.q_proj.weight" : tensor<64x64xf32>
      %12 = lm.linear %10, %11 : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
      %13 = lm.param "model.layers.0.self_attn.k_proj.weight" : tensor<32x64xf32>
      %14 = lm.linear %10, %13 : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
      %15 = lm.param "model.layers.0.self_attn.v_proj.weight" : tensor<32x64xf32>
      %16 = lm.linear %10, %15 : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
      %17 = lm.split_heads %12 : tensor<?x?x64xf32> to tensor<?x?x4x16xf32>
      %18 = lm.split_heads %14 : tensor<?x?x32xf32> to tensor<?x?x2x16xf32>
      %19 = lm.split_heads %16 : tensor<?x?x32xf32> to tensor<?x?x2x16xf32>
      %20 = lm.rope %17, %0 {rope = #lm.rope<theta = 1.000000e+05 : f64>} : tensor<?x?x4x16xf32>, tensor<?x?xi32>
      %21 = lm.rope %18, %0 {rope = #lm.rope<theta = 1.000000e+05 : f64>} : tensor<?x?x2x16xf32>, tensor<?x?xi32>
      %h = lm.attention %20, %21, %19 docs(%arg1) {scale = 2.500000e-01 : f64} : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?xi32>) -> tensor<?x?x4x16xf32>
      %22 = lm.merge_heads %h : tensor<?x?x4x16xf32> to tensor<?x?x64xf32>
      %23 = lm.param "model.layers.0.self_attn.o_proj.weight" : tensor<64x64xf32>
      %24 = lm.linear %22, %23 : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
      %25 = lm.add %arg2, %24 : tensor<?x?x64xf32>
      %26 = lm.param "model.layers.0.post_attention_layernorm.weight" : tensor<64xf32>
      %27 = lm.rms_norm %25, %26 {eps = 1.000000e-05 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
      %28 = lm.param "model.layers.0.mlp.gate_proj.weight" : tensor<96x64xf32>
      %29 = lm.linear %27, %28 : (tensor<?x?x64xf32>, tensor<96x64xf32>) -> tensor<?x?x96xf32>
      %30 = lm.param "model.layers.0.mlp.up_proj.weight" : tensor<96x64xf32>
      %31 = lm.linear %27, %30 : (tensor<?x?x64xf32>, tensor<96x64xf32>) -> tensor<?x?x96xf32>
      %32 = lm.swiglu %29, %31 : tensor<?x?x96xf32>
      %33 = lm.param "model.layers.0.mlp.down_proj.weight" : tensor<64x96xf32>
      %34 = lm.linear %32, %33 : (tensor<?x?x96xf32>, tensor<64x96xf32>) -> tensor<?x?x64xf32>
      %35 = lm.add %25, %34 : tensor<?x?x64xf32>
      lm.yield %35 : tensor<?x?x64xf32>
    }
    %4 = layer 1 (%arg2 = %3) : (tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
      %9 = lm.param "model.layers.1.input_layernorm.weight" : tensor<64xf32>
      %10 = lm.rms_norm %arg2, %9 {eps = 1.000000e-05 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
      %11 = lm.param "model.layers.1.self_attn.q_proj.weight" : tensor<64x64xf32>
      %12 = lm.linear %10, %11 : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
      %13 = lm.param "model.layers.1.self_attn.k_proj.weight" : tensor<32x64xf32>
      %14 = lm.linear %10, %13 : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
      %15 = lm.param "model.layers.1.self_attn.v_proj.weight" : tensor<32x64xf32>
      %16 = lm.linear %10, %15 : (tensor<?x?x64xf32>, tensor<32x64xf32>) -> tensor<?x?x32xf32>
      %17 = lm.split_heads %12 : tensor<?x?x64xf32> to tensor<?x?x4x16xf32>
      %18 = lm.split_heads %14 : tensor<?x?x32xf32> to tensor<?x?x2x16xf32>
      %19 = lm.split_heads %16 : tensor<?x?x32xf32> to tensor<?x?x2x16xf32>
      %20 = lm.rope %17, %0 {rope = #lm.rope<theta = 1.000000e+05 : f64>} : tensor<?x?x4x16xf32>, tensor<?x?xi32>
      %21 = lm.rope %18, %0 {rope = #lm.rope<theta = 1.000000e+05 : f64>} : tensor<?x?x2x16xf32>, tensor<?x?xi32>
      %h = lm.attention %20, %21, %19 docs(%arg1) {scale = 2.500000e-01 : f64} : (tensor<?x?x4x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?x2x16xf32>, tensor<?x?xi32>) -> tensor<?x?x4x16xf32>
      %22 = lm.merge_heads %h : tensor<?x?x4x16xf32> to tensor<?x?x64xf32>
      %23 = lm.param "model.layers.1.self_attn.o_proj.weight" : tensor<64x64xf32>
      %24 = lm.linear %22, %23 : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
      %25 = lm.add %arg2, %24 : tensor<?x?x64xf32>
      %26 = lm.param "model.layers.1.post_attention_layernorm.weight" : tensor<64xf32>
      %27 = lm.rms_norm %25, %26 {eps = 1.000000e-05 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
      %28 = lm.param "model.layers.1.mlp.gate_proj.weight" : tensor<96x64xf32>
      %29 = lm.linear %27, %28 : (tensor<?x?x64xf32>, tensor<96x64xf32>) -> tensor<?x?x96xf32>
      %30 = lm.param "model.layers.1.mlp.up_proj.weight" : tensor<96x64xf32>
      %31 = lm.linear %27, %30 : (tensor<?x?x64xf32>, tensor<96x64xf32>) -> tensor<?x?x96xf32>
      %32 = lm.swiglu %29, %31 : tensor<?x?x96xf32>
      %33 = lm.param "model.layers.1.mlp.down_proj.weight" : tensor<64x96xf32>
      %34 = lm.linear %32, %33 : (tensor<?x?x96xf32>, tensor<64x96xf32>) -> tensor<?x?x64xf32>
      %35 = lm.add %25, %34 : tensor<?x?x64xf32>
      lm.yield %35 : tensor<?x?x64xf32>
    }
    %5 = param "model.norm.weight" : tensor<64xf32>
    %6 = rms_norm %4, %5 {eps = 1.000000e-05 : f64} : tensor<?x?x64xf32>, tensor<64xf32>
    %7 = param "model.embed_tokens.weight" : tensor<288x64xf32>
    %8 = linear %6, %7 : (tensor<?x?x64xf32>, tensor<288x64xf32>) -> tensor<?x?x288xf32>
    return %8 : tensor<?x?x288xf32>
  }
}

