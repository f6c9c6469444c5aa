"""The arms of a rollout side by side: what each decided, and by how much the challenger's differ from the control's."""
