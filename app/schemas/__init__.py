"""The shapes of the API's requests and responses: Create, Update, Public and Filter, a file a noun."""
