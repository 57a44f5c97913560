//! The wire: gRPC messages, the batch codec, JSON Lines and API objects.
