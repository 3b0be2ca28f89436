"""Access to a board over its cable: raw prompt, verified files, images, backup."""
