"""The rules of a search: its definition, budget, space and ranking; which library proposes is the adapters' business."""
